import { authenticating } from './auth-exchanges.ts';
import { prop } from './packets.ts';
import { flowControl } from './flow-exchanges.ts';
import { publishing } from './publish-exchanges.ts';
import { qos } from './qos-exchanges.ts';
import { webSocket } from './session-exchanges.ts';
import { client, must, unseen } from './statement.ts';
import type { Statement } from './statement.ts';
import { subscribing } from './subscribe-exchanges.ts';
import { shared, topics } from './topic-exchanges.ts';

const noTexts = 'The broker sends neither reason strings nor user properties of its own.';
const texts = (section: string, packet: string, from: number): Statement[] => [
  unseen(`${section}-${from}`, `No reason string makes ${packet} larger than the client takes.`, noTexts),
  unseen(`${section}-${from + 1}`, `No user property makes ${packet} larger than the client takes.`, noTexts),
];

const publish: readonly Statement[] = [
  must('3.3.1-1', 'A PUBLISH that is sent again has DUP.', publishing.dupOnRedelivery),
  must('3.3.1-2', 'QoS 0 has no DUP.', publishing.dupOnQos0),
  must('3.3.1-3', 'DUP of an incoming PUBLISH is not passed on.', publishing.dupIsNotCopied),
  must('3.3.1-4', 'QoS 3 is malformed.', publishing.qos3),
  must('3.3.1-5', 'A retained message replaces the one of its topic.', publishing.retainedReplaces),
  must('3.3.1-6', 'An empty retained message is delivered and clears.', publishing.emptyClears),
  must('3.3.1-7', 'An empty retained message is not stored.', publishing.emptyIsNotKept),
  must('3.3.1-8', 'A message without RETAIN changes no stored one.', publishing.plainLeavesRetained),
  must('3.3.1-9', 'Retain handling 0 sends retained messages at each subscription.', subscribing.handling0),
  must('3.3.1-10', 'Retain handling 1 sends them when the subscription is new.', subscribing.handling1),
  must('3.3.1-11', 'Retain handling 2 sends none.', subscribing.handling2),
  must('3.3.1-12', 'Without retain as published RETAIN is 0.', subscribing.notAsPublished),
  must('3.3.1-13', 'With it RETAIN is as it was published.', subscribing.retainAsPublished),
  must('3.3.2-1', 'The topic comes first and is UTF-8.', publishing.topicNotUtf8),
  must('3.3.2-2', 'A topic has no wildcards.', publishing.topicWithWildcard),
  must('3.3.2-3', 'A subscriber gets topics that match its filter.', publishing.topicIsThePublishedOne),
  must('3.3.2-4', 'The payload format indicator is passed on.', publishing.payloadFormat),
  must('3.3.2-5', 'A message that expired before its delivery began is deleted.', publishing.expiredWhileWaiting),
  must('3.3.2-6', 'The expiry that is passed on is what is left of it.', publishing.expiryCountsDown),
  must('3.3.2-7', 'Topic aliases end with their connection.', publishing.aliasOfOneConnection),
  must('3.3.2-8', 'A topic alias is not 0.', publishing.aliasZero),
  must('3.3.2-9', 'A client keeps to the topic alias maximum; one that does not is told 0x94.', publishing.aliasBeyond),
  client('3.3.2-10', 'A client accepts every alias up to its maximum.'),
  must('3.3.2-11', 'No alias above the maximum of the client is sent.', publishing.ourAliases),
  must('3.3.2-12', 'Every alias up to the maximum in CONNACK is accepted.', publishing.aliasFromClient),
  must('3.3.2-13', 'The response topic is UTF-8.', publishing.badText(prop.responseTopic)),
  must('3.3.2-14', 'The response topic has no wildcards.', publishing.badResponseTopic),
  must('3.3.2-15', 'The response topic is passed on.', publishing.responseTopic),
  must('3.3.2-16', 'Correlation data are passed on.', publishing.correlationData),
  must('3.3.2-17', 'User properties are passed on.', publishing.userProperties),
  must('3.3.2-18', 'User properties keep their order.', publishing.userProperties),
  must('3.3.2-19', 'The content type is UTF-8.', publishing.badText(prop.contentType)),
  must('3.3.2-20', 'The content type is passed on.', publishing.contentType),
  must('3.3.4-1', 'PUBLISH is answered as its QoS asks for.', publishing.answeredByQos),
  must('3.3.4-2', 'Overlapping subscriptions deliver at their highest QoS.', publishing.overlapping),
  must('3.3.4-3', 'Subscription identifiers come with the message.', subscribing.subscriptionIdOfEachCopy),
  must('3.3.4-4', 'A single copy carries the identifiers of all subscriptions that match.', subscribing.subscriptionIds),
  unseen('3.3.4-5', 'Of several copies each carries its own identifier.', 'The broker delivers a single copy.'),
  must('3.3.4-6', 'A client sends no subscription identifier.', publishing.subscriptionIdFromClient),
  must('3.3.4-7', 'A client keeps to the receive maximum; one that does not is told 0x93.', flowControl.tooMany),
  client('3.3.4-8', 'A client holds back PUBLISH packets alone.'),
  must('3.3.4-9', 'At most receive maximum messages above QoS 0 are on their way to a client.', flowControl.window),
  must('3.3.4-10', 'Other packets are not held back.', flowControl.sendsOtherPackets),
  must('3.4.2-1', 'PUBACK has one of its reason codes.', qos.codesOfTheList),
  ...texts('3.4.2', 'PUBACK', 2),
  must('3.5.2-1', 'PUBREC has one of its reason codes.', qos.codesOfTheList),
  ...texts('3.5.2', 'PUBREC', 2),
  must('3.6.1-1', 'The reserved bits of PUBREL are 0010.', async (x) => {
    const a = await x.join('a');
    a.send('60 02 0001');
    await a.ends(0x81);
  }),
  must('3.6.2-1', 'PUBREL has one of its reason codes.', qos.pubrecOfNothing),
  ...texts('3.6.2', 'PUBREL', 2),
  must('3.7.2-1', 'PUBCOMP has one of its reason codes.', qos.pubrelAnswered),
  ...texts('3.7.2', 'PUBCOMP', 2),
];

const subscribe: readonly Statement[] = [
  must('3.8.1-1', 'The reserved bits of SUBSCRIBE are 0010.', subscribing.reservedBits),
  must('3.8.3-1', 'Filters are UTF-8.', subscribing.filterNotUtf8),
  must('3.8.3-2', 'SUBSCRIBE has a filter at least.', subscribing.noFilter),
  must('3.8.3-3', 'With no local nobody gets what it published itself.', subscribing.noLocal),
  must('3.8.3-4', 'No local on a shared subscription is a protocol error.', subscribing.noLocalOnShared),
  must('3.8.3-5', 'Reserved bits of the options are malformed.', subscribing.reservedOptions),
  must('3.8.4-1', 'SUBSCRIBE is answered by SUBACK.', subscribing.suback),
  must('3.8.4-2', 'SUBACK has the identifier of its SUBSCRIBE.', subscribing.suback),
  must('3.8.4-3', 'The same filter again replaces the subscription.', subscribing.replaced),
  must('3.8.4-4', 'Replacing sends retained messages again and loses nothing.', subscribing.retainedAgain),
  must('3.8.4-5', 'Several filters are taken one after the other with one SUBACK.', subscribing.several),
  must('3.8.4-6', 'SUBACK has a code for each filter.', subscribing.refusedCode),
  must('3.8.4-7', 'The code is the granted QoS or a failure.', subscribing.refusedCode),
  must('3.8.4-8', 'A delivery has the lower of the two QoS.', subscribing.lowerQos),
  ...texts('3.9.2', 'SUBACK', 1),
  must('3.9.3-1', 'The codes come in the order of the filters.', subscribing.several),
  must('3.9.3-2', 'SUBACK has its reason codes.', subscribing.refusedCode),
  must('3.10.1-1', 'The reserved bits of UNSUBSCRIBE are 0010.', subscribing.unsubReservedBits),
  must('3.10.3-1', 'Filters of UNSUBSCRIBE are UTF-8.', subscribing.unsubNotUtf8),
  must('3.10.3-2', 'UNSUBSCRIBE has a filter at least.', subscribing.unsubNoFilter),
  must('3.10.4-1', 'UNSUBSCRIBE compares filters character by character.', subscribing.unsubExact),
  must('3.10.4-2', 'Nothing new is delivered after it.', subscribing.unsubStops),
  must('3.10.4-3', 'What was begun is completed.', subscribing.unsubFinishesWhatBegan),
  must('3.10.4-4', 'UNSUBSCRIBE is answered by UNSUBACK.', subscribing.unsuback),
  must('3.10.4-5', 'It has its identifier and comes even when nothing was deleted.', subscribing.unsubackForNothing),
  must('3.10.4-6', 'Several filters are taken one after the other with one UNSUBACK.', subscribing.unsubSeveral),
  ...texts('3.11.2', 'UNSUBACK', 1),
  must('3.11.3-1', 'The codes come in the order of the filters.', subscribing.unsubSeveral),
  must('3.11.3-2', 'UNSUBACK has its reason codes.', subscribing.unsubExact),
];

const protocol: readonly Statement[] = [
  must('3.15.2-1', 'AUTH has one of its reason codes.', authenticating.reasonCodes),
  must('3.15.2-2', 'No reason string makes AUTH larger than the client takes.', authenticating.withinMaximum),
  must('3.15.2-3', 'No user property makes AUTH larger than the client takes.', authenticating.withinMaximum),
  must('4.3.1-1', 'QoS 0 is sent with DUP 0.', qos.zero),
  must('4.3.2-1', 'A QoS 1 sender takes an identifier that is free.', qos.idsDiffer(1)),
  must('4.3.2-2', 'A QoS 1 message is sent with its identifier and DUP 0.', qos.one),
  must('4.3.2-3', 'It is unacknowledged until PUBACK.', qos.unackedOne),
  must('4.3.2-4', 'A QoS 1 receiver answers with PUBACK.', qos.acksInOrder(1)),
  must('4.3.2-5', 'After PUBACK the same identifier is a new message, whatever DUP says.', qos.repeatedAfterPuback),
  must('4.3.3-1', 'A QoS 2 sender takes an identifier that is free.', qos.idsDiffer(2)),
  must('4.3.3-2', 'A QoS 2 message is sent with its identifier and DUP 0.', qos.two),
  must('4.3.3-3', 'It is unacknowledged until PUBREC.', qos.unackedTwo),
  must('4.3.3-4', 'PUBREC below 0x80 is answered with PUBREL of the same identifier.', qos.releasesInOrder),
  must('4.3.3-5', 'PUBREL is unacknowledged until PUBCOMP.', qos.unackedRelease),
  must('4.3.3-6', 'After PUBREL the message is not sent again.', qos.unackedRelease),
  must('4.3.3-7', 'A message that was sent does not expire.', qos.startedDoesNotExpire),
  must('4.3.3-8', 'A QoS 2 receiver answers with PUBREC.', qos.acksInOrder(2)),
  must('4.3.3-9', 'After PUBREC of 0x80 or above the same identifier is a new message.', qos.refusedIsNew),
  must('4.3.3-10', 'Until PUBREL each repetition is answered, and the message delivered once.', async (x) => {
    await qos.repeatedBeforePubrel(x);
    await qos.repeatedBeforePubrelAcrossConnections(x);
  }),
  must('4.3.3-11', 'PUBREL is answered with PUBCOMP of the same identifier.', qos.pubrelAnswered),
  must('4.3.3-12', 'After PUBCOMP the same identifier is a new message.', qos.idFreeAfterPubcomp),
  must('4.3.3-13', 'The handshake goes on for a message that expired.', qos.handshakeOutlivesExpiry),
  must('4.4.0-1', 'A resumed session, and nothing else, sends again what was not acknowledged.', async (x) => {
    await qos.resentInOrder(x);
    await qos.notResentWhileConnected(x);
  }),
  must('4.4.0-2', 'A message refused with 0x80 or above is not sent again.', qos.refusalIsTheEnd),
  must('4.5.0-1', 'A message is added to every session that subscribed to it.', qos.queuedWhileAway),
  client('4.5.0-2', 'A client acknowledges whatever it makes of a message.'),
  client('4.6.0-1', 'A client sends again in its first order.'),
  client('4.6.0-2', 'A client sends PUBACK in the order of PUBLISH.'),
  client('4.6.0-3', 'A client sends PUBREC in the order of PUBLISH.'),
  client('4.6.0-4', 'A client sends PUBREL in the order of PUBREC.'),
  must('4.6.0-5', 'Messages of one publisher and topic arrive in order.', qos.inOrder),
  must('4.6.0-6', 'Every topic is ordered for subscriptions that are not shared.', qos.inOrder),
  must('4.7.0-1', 'Wildcards stand in filters, not in topics.', publishing.topicWithWildcard),
  must('4.7.1-1', '# stands alone on the last level.', topics.hashPlaces),
  must('4.7.1-2', '+ stands alone on its level.', topics.plusPlaces),
  must('4.7.2-1', 'A filter that begins with a wildcard does not match topics that begin with $.', topics.dollar),
  must('4.7.3-1', 'Topics and filters have a character at least.', topics.emptyFilter),
  must('4.7.3-2', 'Topics and filters have no U+0000.', async (x) => {
    await publishing.nul(x);
    await topics.nulFilter(x);
  }),
  unseen('4.7.3-3', 'Topics and filters have at most 65,535 bytes.', 'The two length bytes hold no more.'),
  must('4.7.3-4', 'Matching normalizes nothing.', topics.noNormalizing),
  must('4.8.2-1', 'A shared filter has a share name of one character at least.', shared.noShareName),
  must('4.8.2-2', 'A share name has no wildcard and is followed by a filter.', shared.badShareName),
  must('4.8.2-3', 'A shared message has the granted QoS at most.', shared.grantedQos),
  must('4.8.2-4', 'A QoS 2 message that was begun is completed with the same member.', shared.finishesQos2),
  must('4.8.2-5', 'When the session of that member ends nobody else gets it.', shared.endOfSessionGivesQos2ToNobody),
  must('4.8.2-6', 'A message that a member refuses goes to nobody else.', shared.refusalIsTheEnd),
  must('4.9.0-1', 'The send quota begins at the receive maximum at most.', flowControl.window),
  must('4.9.0-2', 'Without quota no PUBLISH above QoS 0 is sent.', flowControl.window),
  must('4.9.0-3', 'Without quota all other packets are processed.', flowControl.sendsOtherPackets),
  must('4.12.0-2', 'A server that needs more sends AUTH with 0x18.', authenticating.challenge),
  must('4.12.0-3', 'A client answers AUTH with AUTH 0x18; another code is a protocol error.', authenticating.answersGoOn),
  must('4.12.0-4', 'A failed authentication ends the connection.', authenticating.failed),
  must('4.12.0-5', 'Every AUTH and CONNACK names the method of CONNECT.', authenticating.methodEverywhere),
  must(
    '4.12.1-1',
    'A client authenticates again with the method of CONNECT; another one ends the connection.',
    authenticating.otherMethodAgain,
  ),
  must('4.12.1-2', 'A failed second authentication ends with DISCONNECT.', authenticating.failedAgain),
  must('6.0.0-1', 'MQTT over WebSocket is binary; other frames end the connection.', webSocket.binaryOnly),
  must('6.0.0-2', 'Packets and frames need not begin together.', webSocket.splitAnyhow),
  client('6.0.0-3', 'A client asks for the subprotocol mqtt.'),
  must('6.0.0-4', 'The server answers with the subprotocol mqtt.', webSocket.protocolName),
];

/** 3.3 to 3.11, 4 and 6 of MQTT 5.0. */
export const v5Delivery: readonly Statement[] = [...publish, ...subscribe, ...protocol];
