import type { FrameRow, FramesAnswer } from '@omh/api';
import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { api } from '../../api/client.ts';

/** So many frames are kept in the browser; the hub keeps more for the capture. */
const kept = 20_000;
const pageSize = 1_000;
const mostPages = 5;
const pollMs = 1_000;

export interface Frames {
  readonly on: boolean;
  readonly until: string | undefined;
  readonly kept: number;
  readonly dropped: number;
  /** Newest first. */
  readonly frames: readonly FrameRow[];
}

/** The frame log of a device, followed while it is looked at. */
export function useFrames(device: string) {
  const held = useRef<{ next: number; frames: FrameRow[] }>({ next: 0, frames: [] });
  return useQuery<Frames>({
    queryKey: ['frames', device],
    staleTime: 0,
    gcTime: 0,
    refetchInterval: (q) => (q.state.data?.on === false ? 3 * pollMs : pollMs),
    queryFn: async ({ signal }) => {
      let answer: FramesAnswer;
      let pages = 0;
      do {
        answer = await api<FramesAnswer>(`/devices/${encodeURIComponent(device)}/frames?limit=${pageSize}&after=${held.current.next}`, {
          signal,
        });
        if (answer.kept === 0 || answer.next < held.current.next) held.current = { next: answer.next, frames: [] };
        held.current.next = answer.next;
        held.current.frames.push(...answer.frames);
      } while (answer.frames.length === pageSize && ++pages < mostPages);
      if (held.current.frames.length > kept) held.current.frames = held.current.frames.slice(-kept);
      return {
        on: answer.on,
        until: answer.until,
        kept: answer.kept,
        dropped: answer.dropped,
        frames: held.current.frames.toReversed(),
      };
    },
  });
}

/** Whether a frame has all the words somewhere; `!` in front of one means that it has not. */
export function frameMatches(frame: FrameRow, words: readonly string[]): boolean {
  const hay = `${frame.direction === 'tx' ? 'out' : 'in'} ${frame.text} ${frame.functionName ?? ''} unit ${frame.unit ?? ''} ${
    frame.exception === undefined ? '' : `exception ${frame.exception}`
  } ${frame.hex}`.toLowerCase();
  return words.every((w) => (w.startsWith('!') && w.length > 1 ? !hay.includes(w.slice(1)) : hay.includes(w)));
}
