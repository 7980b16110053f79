import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { at, readJson } from '../../scripts/workspace.mjs';

/** What a browser test says with `t.skip` when `findBrowser()` has nothing. */
export const browserMissing = 'chromium not found: apt-get install chromium, or name one in OMH_CHROMIUM';

/**
 * The Chromium inside the npm package, unpacked once into `.cache`: `{ path, env }`. Its own libraries and fonts are used where the
 * machine has none. Undefined on platforms the package was not built for.
 */
function packagedChromium() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const base = dirname(dirname(dirname(entry)));
  const bin = join(base, 'bin');
  if (!existsSync(join(bin, 'chromium.br'))) return undefined;
  const dir = at('.cache', `chromium-${readJson(join(base, 'package.json')).version}`);
  if (!existsSync(dir)) unpack(bin, dir);
  const path = join(dir, 'chromium');
  const env = spawnSync('fc-list', [], { encoding: 'utf8' }).stdout?.trim() ? {} : { FONTCONFIG_FILE: join(dir, 'fonts.conf') };
  const starts = (extra) => spawnSync(path, ['--version'], { env: { ...process.env, ...env, ...extra }, timeout: 20_000 }).status === 0;
  if (starts({})) return { path, env };
  const libraries = { LD_LIBRARY_PATH: join(dir, 'al2023/lib') };
  return starts(libraries) ? { path, env: { ...env, ...libraries } } : undefined;
}

/** Two test files may come here at once: each unpacks into its own folder, the first rename wins. */
function unpack(bin, dir) {
  mkdirSync(dirname(dir), { recursive: true });
  const work = mkdtempSync(`${dir}-`);
  writeFileSync(join(work, 'chromium'), brotliDecompressSync(readFileSync(join(bin, 'chromium.br'))), { mode: 0o755 });
  for (const name of ['fonts', 'al2023']) {
    mkdirSync(join(work, name));
    spawnSync('tar', ['-x', '-C', join(work, name)], { input: brotliDecompressSync(readFileSync(join(bin, `${name}.tar.br`))) });
  }
  writeFileSync(
    join(work, 'fonts.conf'),
    `<fontconfig><dir>${join(dir, 'fonts')}</dir><cachedir>${join(dir, 'fonts-cache')}</cachedir></fontconfig>`,
  );
  try {
    renameSync(work, dir);
  } catch {
    rmSync(work, { recursive: true, force: true });
  }
}

let found;
/** The Chromium tests run with: OMH_CHROMIUM, else the one from npm, else the system's; undefined when there is none. */
export function findBrowser() {
  if (found !== undefined) return found;
  const named = process.env.OMH_CHROMIUM;
  if (named) return (found = { path: named, env: {} });
  const system = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
  found = packagedChromium() ?? (system === undefined ? undefined : { path: system, env: {} });
  return found;
}

/** A headless browser that talks to nobody but the pages it is given; the caller closes it. */
export async function launchBrowser() {
  const browser = findBrowser();
  if (browser === undefined) throw new Error(browserMissing);
  return chromium.launch({
    executablePath: browser.path,
    headless: true,
    env: { ...process.env, ...browser.env },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-domain-reliability',
      '--font-render-hinting=none',
    ],
  });
}
