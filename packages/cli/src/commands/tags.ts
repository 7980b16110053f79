import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { exportCsv, exportXlsx, importedTexts, importTags, readTags, tagFormats, tagRows } from '@omh/config/exchange';
import type { NotMapped, TagFormat, TagImport, TagsRead } from '@omh/config/exchange';
import { registry } from '@omh/hub';
import { errors } from '../errors.ts';
import type { FindOptions } from '../hub-client.ts';
import { fileHome, hubHome, runningConfig } from '../tags-home.ts';

type Flags = FindOptions & { readonly config?: string; readonly device?: string; readonly json?: true };
type ImportFlags = Flags & {
  readonly group?: string;
  readonly format: TagFormat | 'auto';
  readonly dryRun?: true;
  readonly partial?: true;
};
type ExportFlags = Flags & { readonly format?: 'csv' | 'xlsx'; readonly output?: string };

/** So many lines of each list are printed; --json has all. */
const maxLines = 50;

const place = (command: Command): Command =>
  command
    .option('-c, --config <file>', 'hub file that is read and written; a running hub when absent')
    .option('--url <url>', 'the hub, with its token in OMH_TOKEN')
    .option('--data <dir>', 'data directory of a hub on this machine');

export function tagsCommand(): Command {
  return new Command('tags')
    .description('Tags from and to tables, and from other programs.')
    .addCommand(importCommand())
    .addCommand(exportCommand())
    .addHelpText('after', '\nExamples:\n  omh tags import press.csv --dry-run\n  omh tags export --device press -o press.xlsx');
}

function importCommand(): Command {
  return place(new Command('import'))
    .description('Add or replace the tags of a file; all others stay. Exit 2 when something is wrong with it; then nothing is changed.')
    .argument('<file>', 'CSV, XLSX, or what Neuron, Kepware, Telegraf or a ThingsBoard gateway keeps')
    .option('--device <name>', 'for tags that do not say theirs')
    .option('--group <name>', 'for tags that do not say theirs')
    .addOption(new Option('--format <format>', 'what the file is').choices(['auto', ...tagFormats]).default('auto'))
    .option('--dry-run', 'say what would be done; change nothing')
    .option('--partial', 'leave out the tags that something is wrong with')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  omh tags import press.csv --dry-run\n  omh tags import kepware.csv --device press --group fast -c hub.yaml\n  omh tags import telegraf.conf --partial',
    )
    .action(async (name: string, flags: ImportFlags) => {
      const home = flags.config === undefined ? await hubHome(flags) : await fileHome(flags.config);
      const { devices } = home.parsed.config;
      const settingsOf = (device: string | undefined) =>
        device !== undefined && Object.hasOwn(devices, device) ? devices[device] : undefined;
      const format = flags.format === 'auto' ? undefined : flags.format;
      const { device, group } = flags;
      const read = await readTags(bytesOf(name), format, { device, group, settingsOf });
      const result = importTags(read, home.parsed, { registry, device, group, exists: (path) => home.exists(path) });
      if (!flags.json) process.stdout.write(report(basename(name), read, result));
      const stop = result.refused > 0 && flags.partial === undefined;
      const texts = stop ? new Map<string, string>() : importedTexts(home.parsed, result);
      const change = texts.size === 0 ? undefined : await home.plan(texts);
      const done = change === undefined || flags.dryRun ? undefined : await change.carryOut(`Tags of ${basename(name)}`);
      if (flags.json) {
        const { ops: _ops, newFiles: _files, ...told } = result;
        process.stdout.write(
          `${JSON.stringify({ format: read.format, ...told, changes: change?.sentences ?? [], files: [...texts.keys()], done: done ?? null })}\n`,
        );
      } else {
        for (const sentence of change?.sentences ?? []) process.stdout.write(`  ${sentence}\n`);
        if (done !== undefined) process.stdout.write(`${done}\n`);
        else if (!stop)
          process.stdout.write(
            texts.size === 0 ? 'There is nothing to change.\n' : `Nothing is changed yet: ${[...texts.keys()].join(', ')} would be.\n`,
          );
      }
      if (!stop) return;
      process.exitCode = 2;
      if (!flags.json) process.stderr.write('Nothing is changed. Correct what is wrong, or import the others with --partial.\n');
    });
}

function exportCommand(): Command {
  return place(new Command('export'))
    .description('All tags as a table, one row each, that omh tags import reads back as it is.')
    .option('--device <name>', 'only the tags of this device')
    .addOption(new Option('--format <format>', 'csv, or xlsx where --output ends so').choices(['csv', 'xlsx']))
    .option('-o, --output <file>', 'write it there instead of printing it')
    .addHelpText('after', '\nExamples:\n  omh tags export > tags.csv\n  omh tags export --device press -o press.xlsx -c hub.yaml')
    .action(async (flags: ExportFlags) => {
      const { device, output } = flags;
      const format = flags.format ?? (output !== undefined && /\.xlsx$/i.test(output) ? 'xlsx' : 'csv');
      if (format === 'xlsx' && output === undefined)
        throw errors.CLI_USAGE({ detail: 'A workbook is written to a file: name it with --output' });
      const config = flags.config === undefined ? await runningConfig(flags) : (await fileHome(flags.config)).parsed.config;
      if (device !== undefined && !Object.hasOwn(config.devices, device))
        throw errors.CLI_UNKNOWN({ kind: 'device', name: device, list: 'omh status' });
      const rows = tagRows(config, device);
      const table = format === 'xlsx' ? await exportXlsx(rows) : exportCsv(rows);
      if (output === undefined) process.stdout.write(table);
      else {
        writeFileSync(output, table);
        process.stderr.write(`Wrote ${rows.length} ${rows.length === 1 ? 'tag' : 'tags'} to ${output}.\n`);
      }
    });
}

function bytesOf(name: string): Uint8Array {
  try {
    return readFileSync(name);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : 'access is denied';
    throw errors.CLI_TAGS_FILE({ file: name, why }, { cause });
  }
}

function report(
  name: string,
  read: TagsRead,
  { added, replaced, unchanged, refused, faults, notMapped, newDevices, newGroups }: TagImport,
): string {
  const lines = [`${name} (${read.format}): ${added} new, ${replaced} changed, ${unchanged} as they are, ${refused} refused.`];
  if (newDevices.length > 0) lines.push(`New devices: ${newDevices.join(', ')}.`);
  if (newGroups.length > 0) lines.push(`New groups: ${newGroups.join(', ')}.`);
  lines.push(
    ...listed(
      'Wrong:',
      faults.map(({ where, tag, message, fix }) => `${where.text}: ${tag}: ${message}${fix === undefined ? '' : ` ${fix}`}`),
    ),
  );
  lines.push(
    ...listed(
      'Not taken over:',
      notMapped.map(({ where, what, why }: NotMapped) => `${where.text}: ${what}: ${why}.`),
    ),
  );
  return `${lines.join('\n')}\n`;
}

function listed(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length - maxLines;
  return [
    title,
    ...lines.slice(0, maxLines).map((line) => `  ${line}`),
    ...(more > 0 ? [`  … and ${more} more; --json tells them all.`] : []),
  ];
}
