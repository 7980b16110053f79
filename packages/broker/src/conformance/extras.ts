import { authenticating } from './auth-exchanges.ts';
import { prop } from './packets.ts';
import { publishing } from './publish-exchanges.ts';
import { qos } from './qos-exchanges.ts';
import { closing, sessions } from './session-exchanges.ts';
import type { Statement } from './statement.ts';
import { subscribing } from './subscribe-exchanges.ts';
import { shared } from './topic-exchanges.ts';
import { wills } from './will-exchanges.ts';

/** What 5.0 asks for without a number of its own: prose, tables and section 4.13. */
const rows = {
  'foreign property in PUBLISH (2.2.2.2)': publishing.foreignProperty,
  'property twice in PUBLISH (2.2.2.2)': publishing.twice([prop.contentType, 'x']),
  'payload format indicator 2 (3.3.2.3.2)': publishing.badFormat,
  'response topic that is no UTF-8 (3.3.2.3.5)': publishing.badText(prop.responseTopic),
  'topic alias unknown (3.3.2.3.4)': publishing.aliasUnknown,
  'message expiry is passed on as it is (3.3.2.3.3)': publishing.expiryPassedOn,
  'PUBLISH without properties goes out without (3.3.2.3)': publishing.noPropertiesNeeded,
  'message too large for its reader leaves the queue (3.1.2.11.4)': publishing.tooLargeInQueue,
  'acknowledgement with a code of another packet (3.4.2.1 to 3.7.2.1)': qos.wrongCode,
  'identifier of retained (3.3.4)': subscribing.subscriptionIdOfRetained,
  'identifier of a replaced subscription (3.8.4)': subscribing.subscriptionIdReplaced,
  'identifier 0 in SUBSCRIBE (3.8.2.1.2)': subscribing.subscriptionIdZero,
  'identifier twice in SUBSCRIBE (3.8.2.1.2)': subscribing.subscriptionIdTwice,
  'no local beside other filters of the same client (3.8.3.1)': subscribing.noLocalBesideOthers,
  'retain handling 3 (3.8.3.1)': subscribing.retainHandling3,
  'packet identifier 0 in SUBSCRIBE (2.2.1)': subscribing.idZero,
  'packet identifier 0 in UNSUBSCRIBE (2.2.1)': subscribing.unsubIdZero,
  'shared once, plain as often as asked (4.8.2)': shared.once,
  'shared without retained (4.8.2)': shared.noRetained,
  'session expiry at the end (3.14.2.2.2)': sessions.expiryGivenAtTheEnd,
  'session expiry at the end where there was none (3.14.2.2.2)': sessions.expiryNotGivenAtTheEnd,
  'session expiry of the new connection (3.1.2.11.2)': sessions.expiryTakenOver,
  'will after keep-alive (3.1.2.10)': wills.sentAfterKeepAlive,
  'will after a protocol error (3.1.2.5)': wills.sentAfterProtocolError,
  'will of a connection that is taken over (3.1.4)': wills.sentOnTakeover,
  'will with a reason of 0x80 or above (3.14.4)': wills.withReasonOfError,
  'answers within the maximum packet size (3.1.2.11.4)': publishing.answersWithinMaximum,
  'shared subscription that is left (4.8.2)': shared.left,
  'will with reason 0x04 (3.14.2.1)': wills.withReason4,
  'will delay ends with the session (3.1.3.2.2)': wills.delayEndsWithSession,
  'will delay without a session (3.1.3.2.2)': wills.delayEndsAtOnceWithoutSession,
  'will delay and clean start (3.1.2.4)': wills.delayEndsWithCleanStart,
  'will delay and takeover (3.1.4)': wills.takeoverCancelsDelay,
  'will that expires (3.1.3.2.4)': wills.expires,
  'method twice in CONNECT (3.1.2.11.9)': authenticating.connectWith(0x82, 'method', 'method'),
  'authentication data twice in CONNECT (3.1.2.11.10)': authenticating.connectWith(0x82, 'method', 'data', 'data'),
  'authentication data without a method (3.1.2.11.10)': authenticating.connectWith(0x82, 'data'),
  'AUTH without a method (3.15.2.2.2)': authenticating.authWith(0x82, 'data'),
  'AUTH that ends after its reason code (3.15.2.2.2)': authenticating.authWith(0x82),
  'method twice in AUTH (3.15.2.2.2)': authenticating.authWith(0x82, 'method', 'method'),
  'authentication data twice in AUTH (3.15.2.2.3)': authenticating.authWith(0x82, 'method', 'data', 'data'),
  'foreign property in AUTH (2.2.2.2)': authenticating.authWith(0x81, 'method', 'foreign'),
  'AUTH of another method than CONNECT (4.12)': authenticating.otherMethod,
  'session of a client that proves itself (3.2.2.1.1)': authenticating.sessionGoesOn,
  'who proves nothing takes nothing over (3.1.4)': authenticating.takesNothingOver,
  'who proves nothing has no will (3.1.2.5)': authenticating.noWill,
  'permissions are those of the name that was proven (4.12)': authenticating.permissions,
  'authentication that stops half way (3.1.4)': authenticating.stops,
  'other packets while a client authenticates again (4.12.1)': authenticating.goesOnMeanwhile,
  'second authentication without a first message of its own (4.12.1)': authenticating.nothingUnderWay,
  'second authentication within another (4.12.1)': authenticating.twiceAtOnce,
  'second authentication of another name (4.12.1)': authenticating.anotherName,
  'will after a failed second authentication (3.1.2.5)': authenticating.willAfterFailure,
  'packet type 0 (2.1.2)': closing.reservedType,
  'packet of a server (2.1.2)': closing.serverPacket,
  'remaining length of five bytes (1.5.5)': closing.lengthOfFiveBytes,
  'properties longer than the packet (2.2.2.1)': closing.propertyLengthTooLong,
};

export const extras: readonly Statement[] = Object.entries(rows).map(([says, run]) => ({ id: says, says, run }));
