import type { ProtocolVersion } from '@sluice/packet';

/** Which of the clients; each has one connection at a time. */
export type Peer = 0 | 1 | 2 | 3;

/** One thing that happens to the broker. Nothing else happens meanwhile unless time passes. */
export type Step =
  | { readonly do: 'open'; readonly peer: Peer }
  | { readonly do: 'send'; readonly peer: Peer; readonly bytes: Uint8Array }
  /** The client closes its side, or the connection is reset. */
  | { readonly do: 'end' | 'reset'; readonly peer: Peer }
  /** The client takes nothing of what the broker sends, until it does again. */
  | { readonly do: 'stall' | 'take'; readonly peer: Peer }
  /** Everything that needs no time happens, and then so much time passes. */
  | { readonly do: 'pass'; readonly ms: number };

export type Conversation = readonly Step[];

export const peers: readonly Peer[] = [0, 1, 2, 3];
export const versions: readonly ProtocolVersion[] = [3, 4, 5];

const signs = { open: '+', end: '.', reset: '!', stall: '<', take: '>' } as const;
const form = /^(?:~(?<ms>\d+)|(?<peer>[0-3])(?:(?<sign>[+.!<>])|:(?<hex>(?:[0-9a-f]{2})*)))$/;

/** One line: `0+` opens, `0:c000` sends, `0.` ends, `0!` resets, `0<` stalls, `0>` takes again, `~500` passes. */
export function writeConversation(conversation: Conversation): string {
  return conversation
    .map((step) => {
      if (step.do === 'pass') return `~${step.ms}`;
      if (step.do === 'send') return `${step.peer}:${Buffer.from(step.bytes).toString('hex')}`;
      return `${step.peer}${signs[step.do]}`;
    })
    .join(' ');
}

export function readConversation(line: string): Conversation {
  return line.split(' ').map(readStep);
}

function readStep(text: string): Step {
  const { ms, peer: number, sign, hex = '' } = form.exec(text)?.groups ?? {};
  if (ms !== undefined) return { do: 'pass', ms: Number(ms) };
  if (number === undefined) throw new Error(`no step of a conversation: ${text}`);
  const peer = Number(number) as Peer;
  if (sign === undefined) return { do: 'send', peer, bytes: Buffer.from(hex, 'hex') };
  const [kind] = Object.entries(signs).find(([, one]) => one === sign) ?? [];
  return { do: kind as keyof typeof signs, peer };
}
