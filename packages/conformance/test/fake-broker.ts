import { Buffer } from 'node:buffer';
import { type Duplex, duplexPair } from 'node:stream';
import type { ConformanceCase, Target } from '@sluice/conformance';

/** What a fake broker writes for each chunk that it gets, in hexadecimal; 'end' closes. */
export type Script = (chunk: Buffer) => readonly string[];

/** Accepts every client of 5.0, refuses those of 3.x, and answers PINGREQ; `script` may do it otherwise. */
export function fakeBroker(script: Script = () => []): Target {
  return {
    patienceMs: 100,
    open: async () => {
      const [client, server] = duplexPair();
      server.on('data', (chunk: Buffer) => {
        const own = script(chunk);
        write(server, own.length > 0 ? own : usual(chunk));
      });
      return client;
    },
  };
}

function usual(chunk: Buffer): readonly string[] {
  switch (chunk[0]) {
    case 0x10:
      return chunk.includes(Buffer.from('MQTT\x05')) ? ['2003000000'] : ['end'];
    case 0xc0:
      return ['d000'];
    case 0xe0:
      return ['end'];
    default:
      return [];
  }
}

function write(server: Duplex, answers: readonly string[]): void {
  for (const answer of answers) {
    if (answer === 'end') server.end();
    else server.write(Buffer.from(answer, 'hex'));
  }
}

/** A case of 5.0 about two statements. */
export function aCase(
  run: ConformanceCase['run'],
  more: Partial<ConformanceCase> = {},
): ConformanceCase {
  return { name: 'a-case', ids: { v5: ['MQTT-1', 'MQTT-2'] }, versions: [5], run, ...more };
}
