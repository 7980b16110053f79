import { hitRates, numberTypes, type HitRates } from '@omh/drivers';
import { formatTable } from '../table.ts';

export interface ProbeBenchOptions {
  /** Cases of each row; 1000 when absent. */
  readonly repeats?: number;
}
interface Row {
  readonly name: string;
  readonly rates: HitRates;
  readonly target: number;
}

/** Seeds below were looked at while the ranking was made; these never were. */
const heldOut = 1_000_001;

/**
 * How often the probe is right: types uniform over eight, four orders, offsets −1, 0 and +1, six signal shapes, a third of the signed ones
 * negative, neighbours of the same or other types, hints with up to 1 % error.
 */
export function benchProbe(options: ProbeBenchOptions, print: (line: string) => void): { rows: readonly Row[] } {
  const cases = options.repeats ?? 1000;
  const rows: Row[] = [
    { name: 'a known value, ten samples', rates: hitRates(heldOut, cases, { hint: true, samples: 10 }), target: 0.95 },
    { name: 'a known value, one sample', rates: hitRates(heldOut, cases, { hint: true, samples: 1 }), target: 0.95 },
    { name: 'ten samples, nothing known', rates: hitRates(heldOut, cases, { hint: false, samples: 10 }), target: 0.8 },
  ];
  print(`${cases} cases each, seeds from ${heldOut} on, the same for each row.\n`);
  print(
    formatTable(
      ['', 'exact', 'same numbers', 'type and order', 'cannot tell', 'wrong', 'claimed'],
      rows.map(({ name, rates }) => [
        name,
        percent(rates.exact),
        percent(rates.numbers),
        percent(rates.kind),
        percent(rates.group),
        percent(1 - rates.group),
        percent(rates.claimed),
      ]),
    ),
  );
  print(
    [
      '',
      'exact: type, order and offset are those of the first candidate.',
      'same numbers: or the first candidate reads the same number in every sample (int16 and uint16 while positive, uint32 below 65536).',
      'type and order: or only the address differs, because a value of the same kind stands beside it.',
      'cannot tell: or the ranking names the truth as one the samples cannot tell from the first candidate. Each column includes those before it.',
      'claimed: the share that the ranking gives its first candidate, on average; near "exact" it may be believed.',
    ].join('\n'),
  );
  for (const { name, rates, target } of rows) {
    print(`\n${name}: truth in rows, first candidate in columns`);
    print(
      formatTable(
        ['', ...numberTypes],
        numberTypes.map((t) => [t, ...numberTypes.map((u) => rates.confusion[t][u])]),
      ),
    );
    print(
      `By shape, exact / cannot tell: ${Object.entries(rates.byShape)
        .map(([shape, r]) => `${shape} ${percent(r.exact / r.cases)} / ${percent(r.group / r.cases)}`)
        .join(', ')}.`,
    );
    print(
      `Undecidable by samples: ${rates.undecidable['numbers']} read the same numbers, ${rates.undecidable['digits']} differ in the last digits, ${rates.undecidable['place']} have a value beside them.`,
    );
    const reached = target === 0.95 ? rates.numbers : rates.kind;
    print(
      `Target ${percent(target)} (${target === 0.95 ? 'same numbers' : 'type and order'}): ${percent(reached)}, ${reached >= target ? 'reached' : 'missed'}.`,
    );
  }
  return { rows };
}
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
