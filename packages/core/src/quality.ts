/**
 * Quality of a value: the upper 16 bits of an OPC UA StatusCode (OPC 10000-4, 7.39 and OPC 10000-8, annex on data access).
 * The two highest bits are the severity: 00 good, 01 uncertain, 10 bad.
 */
declare const quality: unique symbol;
export type Quality = number & { readonly [quality]: true };
export type QualityWord = 'good' | 'uncertain' | 'bad';

interface QualityRow {
  readonly code: number;
  /** Sentence fragment that follows the tag's name: "temperature: {reason}". */
  readonly reason: string;
  /** Sparkplug 3.0 quality: 192 good, 500 stale, 0 bad. */
  readonly sparkplug: 0 | 192 | 500;
  /** False where no value was read in this cycle; the last usable value then stands beside it with its own time. */
  readonly carriesValue: boolean;
}

const rows = {
  good: { code: 0x0000, reason: 'the device answered', sparkplug: 192, carriesValue: true },
  goodLocalOverride: { code: 0x0096, reason: 'the value was set by hand', sparkplug: 192, carriesValue: true },
  uncertain: { code: 0x4000, reason: 'usable with care', sparkplug: 192, carriesValue: true },
  uncertainNoCommunicationLastUsable: {
    code: 0x408f,
    reason: 'the last cycle was missed; the value shown is older',
    sparkplug: 500,
    carriesValue: false,
  },
  uncertainLastUsable: { code: 0x4090, reason: 'the device marks its value as old', sparkplug: 500, carriesValue: true },
  uncertainSensorNotAccurate: { code: 0x4093, reason: 'the sensor is not accurate', sparkplug: 192, carriesValue: true },
  uncertainEngineeringUnitsExceeded: {
    code: 0x4094,
    reason: 'the value is outside the range of its unit',
    sparkplug: 192,
    carriesValue: true,
  },
  bad: { code: 0x8000, reason: 'no usable value', sparkplug: 0, carriesValue: false },
  badDecoding: { code: 0x8007, reason: 'the answer could not be decoded', sparkplug: 0, carriesValue: false },
  badTimeout: { code: 0x800a, reason: 'the device does not answer', sparkplug: 0, carriesValue: false },
  badAccessDenied: { code: 0x801f, reason: 'the device denies access', sparkplug: 0, carriesValue: false },
  badNoCommunication: { code: 0x8031, reason: 'the device is lost', sparkplug: 500, carriesValue: false },
  badWaitingForInitialData: { code: 0x8032, reason: 'no value was read yet', sparkplug: 500, carriesValue: false },
  badAddressRefused: { code: 0x8034, reason: 'the device has no such address', sparkplug: 0, carriesValue: false },
  badNotReadable: { code: 0x803a, reason: 'the tag is not readable', sparkplug: 0, carriesValue: false },
  badNotWritable: { code: 0x803b, reason: 'the tag is not writable', sparkplug: 0, carriesValue: false },
  badOutOfRange: { code: 0x803c, reason: 'the value is out of range', sparkplug: 0, carriesValue: false },
  badTypeMismatch: { code: 0x8074, reason: 'the value has another type', sparkplug: 0, carriesValue: false },
  badConfiguration: { code: 0x8089, reason: 'the configuration is wrong', sparkplug: 0, carriesValue: false },
  badNotConnected: { code: 0x808a, reason: 'the device is not connected', sparkplug: 500, carriesValue: false },
  badDeviceFailure: { code: 0x808b, reason: 'the device reports a failure', sparkplug: 0, carriesValue: false },
  badSensorFailure: { code: 0x808c, reason: 'the sensor failed', sparkplug: 0, carriesValue: false },
  badOutOfService: { code: 0x808d, reason: 'the point is out of service', sparkplug: 0, carriesValue: false },
} as const satisfies Record<string, QualityRow>;

export type QualityName = keyof typeof rows;

/** Every quality this project produces, by name. */
export const Quality = Object.freeze(Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, row.code as Quality]))) as {
  readonly [K in QualityName]: Quality;
};

const byCode = new Map<number, QualityRow & { readonly name: QualityName }>(
  Object.entries(rows).map(([name, row]) => [row.code, { ...row, name: name as QualityName }]),
);

/** Codes from other systems that are not in the table fall back to the plain code of their severity. */
const rowOf = (q: number): QualityRow & { readonly name: QualityName } =>
  byCode.get(q) ?? byCode.get(q & 0x8000 ? 0x8000 : q & 0x4000 ? 0x4000 : 0)!;

export const isGood = (q: number): boolean => (q & 0xc000) === 0;
export const isBad = (q: number): boolean => (q & 0x8000) !== 0;
export const qualityWord = (q: number): QualityWord => (q & 0x8000 ? 'bad' : q & 0x4000 ? 'uncertain' : 'good');
export const qualityName = (q: number): QualityName => rowOf(q).name;
export const qualityReason = (q: number): string => rowOf(q).reason;
export const qualitySparkplug = (q: number): 0 | 192 | 500 => rowOf(q).sparkplug;
/** True when a sample of this quality brings a value; false means "quality changed, keep the last usable value with its own time". */
export const carriesValue = (q: number): boolean => rowOf(q).carriesValue;
/** All rows in order of their code, for docs and SQL views. */
export const qualityTable = (): readonly (QualityRow & { readonly name: QualityName })[] => [...byCode.values()];
