import type { Qos } from '@sluice/packet';
import type { HookFate, LowerDurability } from './plan.ts';

/** What somebody wants to be published. */
export interface PublicationFields {
  /** Client identifier, or what else published it. */
  readonly publisher: string;
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly isClear?: boolean;
  readonly isWill?: boolean;
  readonly expirySeconds?: number | undefined;
  readonly hook?: HookFate | undefined;
  readonly durability?: LowerDurability | undefined;
  readonly padding?: number;
}

/** A message that somebody published or tried to, and all that is known about its fate. */
export class Publication {
  readonly id: number;
  readonly publisher: string;
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly isClear: boolean;
  readonly isWill: boolean;
  readonly expirySeconds: number | undefined;
  readonly hook: HookFate | undefined;
  readonly durability: LowerDurability | undefined;
  readonly payload: Uint8Array;
  /** When its first byte may have left; Infinity while it has not. */
  sentAt: number = Infinity;
  /** How often it was sent. */
  sends = 0;
  /** When the broker's promise left: PUBACK, PUBREC, or the settled promise of `publish`. */
  acceptedAt: number = Infinity;
  /** The last moment at which the broker may have routed it, or will; Infinity while that is open. */
  routedBy: number = Infinity;
  /** Its publisher lost its session while it was in flight, or the broker died over it: it may come twice. */
  mayRepeat = false;

  constructor(id: number, fields: PublicationFields) {
    this.id = id;
    this.publisher = fields.publisher;
    this.topic = fields.topic;
    this.qos = fields.qos;
    this.retain = fields.retain;
    this.isClear = fields.isClear ?? false;
    this.isWill = fields.isWill ?? false;
    this.expirySeconds = fields.expirySeconds;
    // What has no payload cannot tell the plug-in.
    this.hook = this.isClear ? undefined : fields.hook;
    this.durability = this.isClear ? undefined : fields.durability;
    this.payload = this.isClear ? Buffer.alloc(0) : payloadOf(this, fields.padding ?? 0);
  }

  /** Whether the plug-ins let it pass. */
  get isAllowed(): boolean {
    return this.hook === undefined || this.hook === 'late';
  }

  get isAccepted(): boolean {
    return this.acceptedAt !== Infinity;
  }
}

/** `17;late;none;xxxx`: what it is, what the plug-in does with it and its durability, and bytes. */
function payloadOf({ id, hook, durability }: Publication, padding: number): Uint8Array {
  return Buffer.from(`${id};${hook ?? ''};${durability ?? ''};${'x'.repeat(padding)}`);
}

/** What a payload says of itself; id 0 when no publication of the history looks like it. */
export function readPayload(payload: Uint8Array): { id: number; hook: string; durability: string } {
  const [id = '', hook = '', durability = ''] = Buffer.from(
    payload.buffer,
    payload.byteOffset,
    Math.min(payload.length, 40),
  )
    .toString('latin1')
    .split(';', 3);
  return { id: Number(id) || 0, hook, durability };
}

/** All publications of a history, by their number. */
export class Ledger {
  readonly publications: Publication[] = [];

  add(fields: PublicationFields): Publication {
    const publication = new Publication(this.publications.length + 1, fields);
    this.publications.push(publication);
    return publication;
  }

  find(id: number): Publication | undefined {
    return this.publications[id - 1];
  }
}
