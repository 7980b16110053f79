import { Command } from 'commander';
import { deviceTemplate, probe, survey, registerAddress, type ProbeAnswer, type Survey } from '@omh/drivers';
import { formatTable } from '../table.ts';
import { spansText } from './browse.ts';
import { decimal, deviceOf, millis, onDevice, tagValueText, visiting, whole, type DeviceFlags } from './probe-device.ts';

interface Flags extends DeviceFlags {
  readonly address: string;
  readonly value?: number;
  readonly tolerance?: number;
  readonly samples: number;
  readonly every: number;
  readonly top: number;
  readonly span?: true;
  readonly template?: true;
}

export function probeCommand(): Command {
  return onDevice(
    new Command('probe').description('Find type, byte order and exact address of a value in a device, and say why. Never writes.'),
  )
    .argument('[host]', 'host or host:port of the device')
    .requiredOption('--address <address>', 'where the value should be, e.g. 40001 or 1!40001; it may be one off')
    .option('--value <number>', 'what the value is, as a display shows it', decimal)
    .option('--tolerance <share>', 'how exact that is; 0.01 is 1 %', decimal)
    .option('--samples <n>', 'how often it is read', whole(1, 100), 10)
    .option('--every <time>', 'between two readings', millis, 500)
    .option('--top <n>', 'candidates to print', whole(1, 24), 5)
    .option('--span', 'also find what the unit lets be read, and its limits')
    .option('--template', 'print what was found as a template of the hub file; includes --span')
    .addHelpText(
      'after',
      '\nExamples:\n  omh probe 10.0.0.5 --unit 1 --address 40001 --value 229.01\n  omh probe plc.local:502 --address 1!40101 --samples 20 --every 1s\n  omh probe 10.0.0.5 --address 40001 --value 229 --template > templates.yaml\n  omh probe --port-path /dev/ttyUSB0 --baud-rate 19200 --unit 7 --address 30001',
    )
    .action(async (host: string | undefined, flags: Flags) => {
      const { module, settings } = deviceOf(host, flags);
      const { unit, area, start } = registerAddress(flags.address, settings);
      const hint =
        flags.value === undefined
          ? undefined
          : { value: flags.value, ...(flags.tolerance === undefined ? {} : { tolerance: flags.tolerance }) };
      const request = { address: flags.address, samples: flags.samples, everyMs: flags.every, ...(hint === undefined ? {} : { hint }) };
      const found = await visiting(flags, async (options) => {
        const answer = await probe(module, settings, request, options);
        const wide =
          flags.span || flags.template ? await survey(module, settings, { unit, near: { area, at: start } }, options) : undefined;
        return { answer, wide };
      });
      if (found === undefined) return;
      const { answer, wide } = found;
      const [best] = answer.candidates;
      const template = flags.template
        ? deviceTemplate({
            driver: module.id,
            settings,
            ...(wide === undefined ? {} : { survey: wide }),
            ...(best === undefined ? {} : { candidate: best }),
          })
        : undefined;
      process.stdout.write(flags.json ? `${jsonOf(answer, wide, template)}\n` : (template ?? text(answer, wide, flags.top)));
    });
}

const jsonOf = (answer: ProbeAnswer, wide: Survey | undefined, template: string | undefined): string =>
  tagValueText({ ...answer, ...(wide === undefined ? {} : { survey: wide }), ...(template === undefined ? {} : { template }) });

function text({ candidates, remarks }: ProbeAnswer, wide: Survey | undefined, top: number): string {
  const rows = candidates
    .slice(0, top)
    .map((c) => [
      c.address,
      c.type,
      c.order,
      c.offset === 0 ? '0' : c.offset > 0 ? `+${c.offset}` : String(c.offset),
      c.share > 0.999 ? '> 99.9 %' : c.share < 0.001 ? '< 0.1 %' : `${(c.share * 100).toFixed(1)} %`,
      tagValueText(c.values.at(-1)),
      [...(c.decimal === undefined ? [] : [`decimal ${c.decimal}`]), ...(c.alike === undefined ? [] : [alikeWords[c.alike]])].join(', '),
    ]);
  const [best] = candidates;
  const parts = [formatTable(['address', 'type', 'order', 'offset', 'share', 'reads', ''], rows)];
  if (best !== undefined) parts.push([`Why ${best.type} ${best.order} at ${best.address}:`, ...best.why.map((w) => `  ${w}`)].join('\n'));
  if (remarks.length > 0) parts.push(remarks.join('\n'));
  if (wide !== undefined) parts.push(spansText(wide));
  return `${parts.join('\n\n')}\n`;
}
const alikeWords = { numbers: 'reads the same numbers', digits: 'differs in the last digits', place: 'a value beside it' } as const;
