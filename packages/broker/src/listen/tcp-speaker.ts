import type { Socket } from 'node:net';
import type { Place } from '../admission.ts';
import { TcpTransport } from '../tcp-transport.ts';
import type { Speaker, SpeakerContext } from './speaker.ts';

/** MQTT on the bare socket. */
export class TcpSpeaker implements Speaker {
  readonly #context: SpeakerContext;

  constructor(context: SpeakerContext) {
    this.#context = context;
  }
  take(socket: Socket, place: Place, peer: string): void {
    const transport = new TcpTransport(socket, place, peer);
    transport.open(this.#context.accept(transport));
  }
  close(): void {}
}
