const areas: Readonly<Record<string, readonly [word: string, first: number]>> = {
  coil: ['coil', 1],
  discrete: ['discrete input', 10_001],
  input: ['input register', 30_001],
  holding: ['holding register', 40_001],
};
/** An area of a Modbus device as people call one of its places. */
export const areaOf = (area: string): string => areas[area]?.[0] ?? area;

/** Places as people call them, and as they go over the wire. */
export function placesOf(area: string, start: number, n: number): string {
  const first = areas[area]?.[1];
  const name = (at: number): string => (first === undefined ? String(at) : String(first + at).padStart(5, '0'));
  const wire = first === undefined ? '' : `, on the wire ${n === 1 ? start : `${start} to ${start + n - 1}`}`;
  return n === 1 ? `${areaOf(area)} ${name(start)}${wire}` : `${areaOf(area)}s ${name(start)} to ${name(start + n - 1)}${wire}`;
}

const words: Readonly<Record<string, string>> = { MajorMinorRevision: 'Revision', VendorUrl: 'Address of the vendor' };
/** The key of an object as words: `productCode`, `Product code`. */
const wordsOf = (key: string): string => {
  const text = key.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words[key] ?? `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
};

/** What a device says of itself, as lines of a list of facts. */
export const IdentityPairs = ({ identity }: { identity: Readonly<Record<string, string>> }) =>
  Object.entries(identity).map(([key, value]) => (
    <div key={key} className="pair">
      <dt>{wordsOf(key)}</dt>
      <dd>{value}</dd>
    </div>
  ));
