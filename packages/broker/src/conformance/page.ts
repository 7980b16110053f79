import { disagreements } from './disagreements.ts';
import type { Statement } from './statement.ts';
import { v311 } from './v311-statements.ts';
import { v5 } from './v5-statements.ts';

const kindOf = (s: Statement): string => (s.run ? 'tested' : s.client ? 'clients' : 'untestable');
const count = (list: readonly Statement[], kind: string): number => list.filter((s) => kindOf(s) === kind).length;
const cell = (text: string): string => text.replaceAll('|', '\\|');

/** `docs/conformance.md`: counts, where mosquitto differs, and every statement. */
export function conformancePage(): string {
  const versions = [
    ['3.1.1', v311],
    ['5.0', v5],
  ] as const;
  const counts = versions.map(
    ([title, list]) =>
      `| ${title} | ${list.length} | ${count(list, 'tested')} | ${count(list, 'clients')} | ${count(list, 'untestable')} |`,
  );
  const differs = disagreements.map((d) => `| ${d.version} | ${d.id} | ${cell(d.does)} | ${cell(d.clause)} |`);
  const lists = versions.flatMap(([title, list]) => [
    '',
    `## MQTT ${title}`,
    '',
    '| Statement | What it asks for | Tested |',
    '|---|---|---|',
    ...list.map((s) => `| ${s.id} | ${cell(s.says)} | ${s.run ? 'yes' : s.client ? 'binds clients' : cell(`no: ${s.untestable}`)} |`),
  ]);
  return `# MQTT conformance

Every normative statement of the OASIS standards MQTT 3.1.1 and 5.0 stands here with its number, what it asks for in our words, and whether a
test shows it. A test is an exchange of bytes on a socket; it runs against the broker of this house in \`npm test\` and, where mosquitto is
installed, against that one too. Statements that bind clients are tested where a server must answer a client that breaks them.

Enhanced authentication is tested with a method of the test's own that takes two messages. mosquitto offers none here: it is asked for one, and
answers 0x8C.

| Standard | Statements | Tested | Bind clients alone | No exchange shows them |
|---|---|---|---|---|
${counts.join('\n')}

Rules of 5.0 that have no number, and what client suites try from end to end, have tests of their own in
\`packages/broker/src/conformance\`. That the tests can fail is tested as well: \`packages/broker/conformance/mutants.mjs\` breaks the broker in
one line at a time and looks whether the statements named for it turn red.

\`examples/conformance.yaml\` is a hub file for suites from elsewhere: \`omh broker -c examples/conformance.yaml\`. Its CONNACK says two bounds
only, nobody subscribes to \`test/nosubscribe\`, and everybody is let in from this machine.

## Choices where the standard leaves one

- Overlapping subscriptions are one delivery, at the highest QoS, with the subscription identifiers of all.
- QoS 0 messages do not wait for a client that is away.
- A PUBLISH that is not allowed is answered with 0x87 in 5.0 and acknowledged in 3.1.1; the connection stays.
- A QoS 1 message that a member of a shared subscription left unacknowledged when its session ended goes to another member, a QoS 2 message
  whose delivery had begun does not.
- 3.1.1 clients may subscribe to \`$share/{name}/{filter}\` as well.
- A PUBREL without its message is answered: with 0x92 in 5.0, plainly in 3.1.1.

## Where mosquitto differs

Seen with mosquitto 2.0.11, Debian's. A test asks it again and fails when this table and mosquitto no longer say the same.

| Standard | Statement | mosquitto | What decides |
|---|---|---|---|
${differs.join('\n')}
${lists.join('\n')}
`;
}
