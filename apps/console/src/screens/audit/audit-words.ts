import type { AuditRow } from '@omh/api';
import type { GlyphName } from '../../ui/glyph.tsx';

export const resultWord: Record<AuditRow['result'], string> = { ok: 'Done', refused: 'Refused', failed: 'Failed' };
export const resultGlyph: Record<AuditRow['result'], GlyphName> = { ok: 'check', refused: 'stopped', failed: 'bad' };
export const resultClass: Record<AuditRow['result'], string> = { ok: 't3', refused: 'strong', failed: 'bad' };

export const kindWord: Record<AuditRow['kind'], string> = {
  person: 'person',
  token: 'API token',
  device: 'MQTT credential',
  part: 'part of the hub',
  anonymous: 'nobody known',
};

/** What is recorded besides the verbs of permissions. */
export const otherVerbs = ['login', 'logout', 'password', 'first-admin', 'sessions.end', 'mqtt.connect'];

export const times = [
  { id: '', title: 'Any time' },
  { id: 'now-1h', title: 'Last hour' },
  { id: 'now-24h', title: 'Last 24 hours' },
  { id: 'now-7d', title: 'Last 7 days' },
  { id: 'now-30d', title: 'Last 30 days' },
] as const;
