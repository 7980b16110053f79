/** Writes docs/conformance.md from the tables. */
import { writeFileSync } from 'node:fs';
import { conformancePage } from '../dist/conformance/page.js';

writeFileSync(new URL('../../../docs/conformance.md', import.meta.url), conformancePage());
