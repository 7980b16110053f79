const areaDigit: Record<string, number> = { coil: 0, discrete: 1, input: 3, holding: 4 };

/** The address that a tag of the Modbus driver names it by: `1!40001` is holding register 0 of unit 1. */
export function tagAddress(unit: number, area: string, address: number): string {
  const digit = areaDigit[area];
  return digit === undefined ? `${unit}!${address}` : `${unit}!${digit}${String(address + 1).padStart(address < 9_999 ? 4 : 5, '0')}`;
}
