import { authenticating } from './auth-exchanges.ts';
import { connecting, connectProperties } from './connect-exchanges.ts';
import { prop } from './packets.ts';
import { publishing } from './publish-exchanges.ts';
import { qos } from './qos-exchanges.ts';
import { closing, sessions } from './session-exchanges.ts';
import { client, must, unseen } from './statement.ts';
import type { Statement } from './statement.ts';
import { subscribing } from './subscribe-exchanges.ts';
import { topics } from './topic-exchanges.ts';
import { v5Delivery } from './v5-delivery-statements.ts';
import { wills } from './will-exchanges.ts';

const noTexts = 'The broker sends neither reason strings nor user properties of its own.';

const connect: readonly Statement[] = [
  must('1.5.4-1', 'Text that is not well-formed UTF-8, surrogates included, is malformed.', connecting.surrogateInClientId),
  must('1.5.4-2', 'Text with U+0000 is malformed.', connecting.nulInClientId),
  must('1.5.4-3', 'The bytes EF BB BF stay in the text as U+FEFF.', topics.zeroWidthSpace),
  must('1.5.5-1', 'A variable byte integer has its shortest form.', closing.overlongVarint),
  must('1.5.7-1', 'Both halves of a string pair are UTF-8.', closing.userPropertyNotUtf8),
  must('2.1.3-1', 'Reserved flag bits of the first byte have the values of the table.', closing.pingBits),
  must('2.2.1-2', 'PUBLISH with QoS 0 has no packet identifier.', qos.zero),
  must('2.2.1-3', 'Requests of a client have an identifier that is not 0.', closing.idZero5),
  must('2.2.1-4', 'Each new PUBLISH of the server above QoS 0 has an identifier that is free.', qos.idsDiffer(2)),
  must('2.2.1-5', 'PUBACK, PUBREC, PUBREL and PUBCOMP carry the identifier of their PUBLISH.', qos.acksKeepIds),
  must('2.2.1-6', 'SUBACK and UNSUBACK carry the identifier of their request.', subscribing.suback),
  must('2.2.2-1', 'Where there are no properties their length is 0.', closing.noProperties),

  must('3.1.0-1', 'The first packet on a connection is CONNECT.', connecting.firstPacketIsConnect),
  must('3.1.0-2', 'A second CONNECT is a protocol error.', connecting.secondConnect),
  must('3.1.2-1', 'A CONNECT with another protocol name is refused.', connecting.wrongProtocolName),
  must('3.1.2-2', 'An unknown protocol version is refused with 0x84.', connecting.unknownLevel),
  must('3.1.2-3', 'A set reserved connect flag is malformed.', connecting.reservedFlag),
  must('3.1.2-4', 'Clean start discards what session there was.', sessions.discardedByClean),
  must('3.1.2-5', 'Without clean start a session goes on.', sessions.resumed),
  must('3.1.2-6', 'Without clean start a new one begins where there was none.', sessions.newWhenThereIsNone),
  must('3.1.2-7', 'A will is stored with the session.', wills.withItsQosAndRetain),
  must('3.1.2-8', 'A will is sent when its delay or the session has ended, unless DISCONNECT 0 or a new connection came.', wills.delayed),
  must('3.1.2-9', 'With the will flag there are will properties, topic and payload.', connecting.willFieldsMissing),
  must('3.1.2-10', 'A will is forgotten once it was sent or DISCONNECT 0 came.', wills.onlyOnce),
  must('3.1.2-11', 'Without the will flag will QoS is 0.', connecting.willFlagsWithoutWill(0x10)),
  must('3.1.2-12', 'Will QoS is 0, 1 or 2.', async (x) => {
    await connecting.willQos3(x);
    await connecting.willQosUpTo2(x);
  }),
  must('3.1.2-13', 'Without the will flag will retain is 0.', connecting.willFlagsWithoutWill(0x20)),
  must('3.1.2-14', 'A will without will retain is not retained.', wills.notRetained),
  must('3.1.2-15', 'A will with will retain is retained.', wills.retained),
  must('3.1.2-16', 'Without the user name flag there is no user name.', connecting.surplusWithoutFlag),
  must('3.1.2-17', 'With the user name flag there is one.', connecting.userNameMissing),
  must('3.1.2-18', 'Without the password flag there is no password.', connecting.surplusPassword),
  must('3.1.2-19', 'With the password flag there is one.', connecting.passwordMissing),
  client('3.1.2-20', 'A client sends something, PINGREQ at least, within its keep-alive.'),
  client('3.1.2-21', 'A client uses the keep-alive that the server returns.'),
  must('3.1.2-22', 'A client that is silent for one and a half times its keep-alive is let go.', connecting.keepAlive),
  must('3.1.2-23', 'The session is stored after the connection while its expiry is above 0.', sessions.keptUntilExpiry),
  must('3.1.2-24', 'No packet above the maximum packet size is sent.', publishing.withinMaximumAfterProperties),
  must('3.1.2-25', 'A message that is too large counts as delivered.', publishing.tooLargeIsDropped),
  must('3.1.2-26', 'No topic alias above the maximum of the client is sent.', publishing.ourAliases),
  must('3.1.2-27', 'Without a maximum no topic alias is sent.', publishing.noAliasUnasked),
  must('3.1.2-28', 'Without a request no response information is returned.', connectProperties.noResponseInformation),
  must(
    '3.1.2-29',
    'Without problem information only PUBLISH, CONNACK and DISCONNECT explain themselves.',
    connectProperties.noProblemInformation,
  ),
  must(
    '3.1.2-30',
    'A client that asks for an authentication method sends AUTH and DISCONNECT alone until CONNACK; one that does not is told 0x82.',
    authenticating.nothingElseBefore,
  ),
  must('3.1.3-1', 'The fields of the payload come in their order.', connecting.fieldsInOrder),
  must('3.1.3-2', 'The client identifier says whose session it is.', connecting.clientIdIsState),
  must('3.1.3-3', 'The client identifier is there and comes first.', connecting.clientIdMissing),
  must('3.1.3-4', 'The client identifier is UTF-8.', connecting.clientIdNotUtf8),
  must('3.1.3-5', 'Identifiers of 1 to 23 letters and digits are taken.', connecting.plainClientIds),
  must('3.1.3-6', 'An empty identifier is replaced by a unique one.', connecting.emptyClientId),
  must('3.1.3-7', 'The assigned identifier is returned and is the session from then on.', connecting.emptyIdIsTheGivenOne),
  must('3.1.3-8', 'A refused identifier ends the connection.', connecting.nulInClientId),
  must('3.1.3-9', 'A client that is back before the will delay has passed keeps its will unsent.', wills.cancelledByReturn),
  must('3.1.3-10', 'User properties of a will keep their order.', wills.propertiesInOrder),
  must('3.1.3-11', 'The will topic is UTF-8.', connecting.willTopicNotUtf8),
  must('3.1.3-12', 'The user name is UTF-8.', connecting.userNameNotUtf8),
  must('3.1.4-1', 'A malformed CONNECT ends the connection.', connecting.malformedConnect),
  must('3.1.4-2', 'A CONNECT that fails authentication ends the connection.', connecting.badCredentials),
  must('3.1.4-3', 'A connection with the same client identifier is told 0x8E and ended.', connecting.takeover),
  must('3.1.4-4', 'Clean start is done as it says.', sessions.discardedByClean),
  must('3.1.4-5', 'A good CONNECT is answered with 0.', connecting.userNameTaken),
  must('3.1.4-6', 'After a refused CONNECT nothing more is processed.', connecting.nothingAfterRefusal),
  must('3.2.0-1', 'CONNACK comes before any other packet.', connecting.connackComesFirst),
  must('3.2.0-2', 'CONNACK comes once.', connecting.oneConnack),
  must('3.2.2-1', 'Bits 7 to 1 of the CONNACK flags are 0.', connecting.connackFlagsReserved),
  must('3.2.2-2', 'With clean start session present is 0.', sessions.discardedByClean),
  must('3.2.2-3', 'Without it session present says whether there is a session.', sessions.resumed),
  client('3.2.2-4', 'A client without a session closes on session present 1.'),
  client('3.2.2-5', 'A client with a session discards it on session present 0.'),
  must('3.2.2-6', 'A refusal has session present 0.', connecting.refusalHasNoSession),
  must('3.2.2-7', 'A refusal is followed by the end of the connection.', connecting.badCredentials),
  must('3.2.2-8', 'CONNACK has one of its reason codes.', connecting.badCredentials),
  unseen('3.2.2-9', 'A server without QoS 1 or 2 says so.', 'QoS 2 is supported, so the property stays away.'),
  must('3.2.2-10', 'Subscriptions of every QoS are accepted.', subscribing.lowerQos),
  client('3.2.2-11', 'A client keeps to the maximum QoS.'),
  unseen('3.2.2-12', 'A will above the maximum QoS is refused.', 'QoS 2 is supported.'),
  unseen('3.2.2-13', 'A retained will is refused where retained messages are not supported.', 'They are.'),
  client('3.2.2-14', 'A client publishes nothing retained where that is not supported.'),
  must('3.2.2-15', 'A client keeps to the maximum packet size; one that does not is told 0x95.', publishing.tooLargeForServer),
  must('3.2.2-16', 'An empty client identifier is answered with the assigned one, which nobody else has.', connecting.emptyClientId),
  must('3.2.2-17', 'A client keeps to the topic alias maximum; one that does not is told 0x94.', publishing.aliasBeyond),
  unseen('3.2.2-18', 'A client sends no alias where none is taken.', 'The broker takes some.'),
  must('3.2.2-19', 'No reason string makes CONNACK larger than the client takes.', connectProperties.connackWithin),
  must('3.2.2-20', 'No user property makes CONNACK larger than the client takes.', connectProperties.connackWithin),
  client('3.2.2-21', 'A client uses the server keep-alive.'),
  must('3.2.2-22', "Without a server keep-alive the client's own holds.", connecting.keepAliveOfTheClient),
];

const goodbye: readonly Statement[] = [
  must('3.12.4-1', 'PINGREQ is answered by PINGRESP.', closing.ping),
  must('3.14.0-1', 'DISCONNECT comes after a CONNACK below 0x80 only.', closing.notBeforeConnack),
  must('3.14.1-1', 'Reserved bits of DISCONNECT are malformed.', closing.disconnectBits),
  must('3.14.2-1', 'DISCONNECT has one of its reason codes.', closing.disconnectCode),
  must('3.14.2-2', 'A server sends no session expiry in DISCONNECT.', closing.noExpiryFromServer),
  unseen('3.14.2-3', 'No reason string makes DISCONNECT larger than the client takes.', noTexts),
  unseen('3.14.2-4', 'No user property makes DISCONNECT larger than the client takes.', noTexts),
  must('3.14.4-1', 'Nothing comes after DISCONNECT.', closing.nothingAfterDisconnect),
  must('3.14.4-2', 'The connection ends after DISCONNECT.', connecting.secondConnect),
  must('3.14.4-3', 'DISCONNECT 0 discards the will.', wills.notAfterDisconnect),
  must('3.15.1-1', 'The reserved bits of AUTH are 0000.', authenticating.reservedBits),
  must('4.1.0-1', 'A session is not discarded while the connection is open.', sessions.lastsAsLongAsTheConnection),
  must('4.1.0-2', 'A session is discarded when its expiry has passed.', sessions.expires),
  unseen(
    '4.2-1',
    'The transport is an ordered, lossless stream of bytes.',
    'TCP, TLS and WebSocket are; the choice is made by the listener.',
  ),
  must('4.12.0-1', 'A method that is not supported ends the connection.', authenticating.unknownMethod),
  must('4.12.0-6', 'Without a method in CONNECT there is none in CONNACK and no AUTH.', authenticating.noneUnasked),
  must('4.12.0-7', 'AUTH of a client that gave no method is a protocol error.', authenticating.stray),
  must('4.13.1-1', 'A malformed packet or protocol error ends the connection.', closing.publishIdMissing),
  must(
    '4.13.2-1',
    'A reason code of 0x80 or above in CONNACK or DISCONNECT ends the connection.',
    connectProperties.refused([[prop.receiveMaximum, 0]], 0x82, 0x81),
  ),
];

/** Every normative statement of MQTT 5.0 (appendix B). */
export const v5: readonly Statement[] = [...connect, ...v5Delivery, ...goodbye];
