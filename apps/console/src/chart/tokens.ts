/* oxlint-disable react-hooks/exhaustive-deps -- The colour scheme changes the computed style that is read here. */
import { useComputedColorScheme } from '@mantine/core';
import { useMemo } from 'react';

export interface Tokens {
  get(name: string): string;
  readonly font: string;
}

/** The tokens as plain colours for a canvas; new ones whenever the colour scheme changes. */
export function useTokens(): Tokens {
  const scheme = useComputedColorScheme('light');
  return useMemo(() => {
    const style = getComputedStyle(document.documentElement);
    const seen = new Map<string, string>();
    return {
      get(name: string): string {
        let value = seen.get(name);
        if (value === undefined) seen.set(name, (value = style.getPropertyValue(`--omh-${name}`).trim()));
        return value;
      },
      font: style.getPropertyValue('--omh-font').trim() || 'system-ui',
    };
    // The scheme is what changes the computed style.
  }, [scheme]);
}

const patterns = new Map<string, CanvasPattern>();
/** Diagonal hatch on a canvas, made once per colour pair. */
export function hatch(ctx: CanvasRenderingContext2D, ground: string, line: string, size: number, weight: number): CanvasPattern | string {
  const key = `${ground}|${line}|${size}|${weight}`;
  const made = patterns.get(key);
  if (made !== undefined) return made;
  const tile = document.createElement('canvas');
  tile.width = tile.height = size;
  const t = tile.getContext('2d');
  if (t === null) return line;
  if (ground !== '') {
    t.fillStyle = ground;
    t.fillRect(0, 0, size, size);
  }
  t.strokeStyle = line;
  t.lineWidth = weight;
  t.beginPath();
  for (const d of [-size, 0, size]) {
    t.moveTo(d - 1, size + 1);
    t.lineTo(d + size + 1, -1);
  }
  t.stroke();
  const pattern = ctx.createPattern(tile, 'repeat');
  if (pattern === null) return line;
  patterns.set(key, pattern);
  return pattern;
}
