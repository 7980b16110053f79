import { Command } from 'commander';
import { formatIssue } from '@omh/config';
import { ConfigFile, loadPlugins } from '@omh/hub';

export function validateCommand(): Command {
  return new Command('validate')
    .description('Check a hub file; every fault with its place. Exit 2 when there is one.')
    .argument('[file]', 'hub file', 'hub.yaml')
    .option('--json', 'print the faults as JSON')
    .addHelpText('after', '\nExamples:\n  omh validate\n  omh validate plant/hub.yaml --json')
    .action(async (name: string, flags: { json?: true }) => {
      await loadPlugins(name);
      const file = new ConfigFile(name, name);
      const loaded = file.load();
      const issues = loaded.ok ? [] : loaded.error;
      if (flags.json) process.stdout.write(`${JSON.stringify({ file: file.path, valid: loaded.ok, issues })}\n`);
      else if (loaded.ok) {
        const { devices, rules, apps } = loaded.value;
        const tags = Object.values(devices)
          .flatMap((d) => Object.values(d.groups))
          .reduce((n, g) => n + Object.keys(g.tags).length, 0);
        process.stdout.write(
          `${name} is valid: ${count(devices, 'device')}, ${tags} ${tags === 1 ? 'tag' : 'tags'}, ${count(apps, 'app')}, ${count(rules, 'rule')}.\n`,
        );
      } else for (const issue of issues) process.stdout.write(`${formatIssue(issue)}\n`);
      if (!loaded.ok) process.exitCode = 2;
    });
}

const count = (of: object, what: string): string => {
  const n = Object.keys(of).length;
  return `${n} ${what}${n === 1 ? '' : 's'}`;
};
