import { isFailure, type ReasonCode } from '@sluice/packet';
import { type AcknowledgedEvent, DropReason } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import { EntryState, type OutboxEntry } from './outbox-entry.ts';
import { AckResult, type OutboxOwner } from './outbox-owner.ts';
import type { OutboxQueue } from './outbox-queue.ts';
import type { Sink } from './sink.ts';

/** Takes what the client answers to the messages of an outbox: PUBACK, PUBREC and PUBCOMP. */
export class OutboxAnswers {
  readonly #owner: OutboxOwner;
  readonly #queue: OutboxQueue;
  readonly #context: Context;

  constructor(owner: OutboxOwner, queue: OutboxQueue, context: Context) {
    this.#owner = owner;
    this.#queue = queue;
    this.#context = context;
  }

  puback(packetId: number, reasonCode: ReasonCode): AckResult {
    const sequence = this.#queue.sequenceOf(packetId);
    const entry = this.#queue.inFlight(sequence);
    if (entry === undefined) return AckResult.unknown;
    if (entry.qos !== 1) return AckResult.wrongQos;
    this.#done(sequence, entry, reasonCode);
    return AckResult.done;
  }

  pubrec(packetId: number, reasonCode: ReasonCode): AckResult {
    const sequence = this.#queue.sequenceOf(packetId);
    const entry = this.#queue.inFlight(sequence);
    if (entry === undefined) return AckResult.unknown;
    if (entry.qos !== 2) return AckResult.wrongQos;
    if (isFailure(reasonCode)) {
      this.#done(sequence, entry, reasonCode); // [MQTT-4.3.3-4]
    } else {
      if (!entry.released) this.#release(entry);
      this.#sendPubrel(entry, packetId);
    }
    return AckResult.done;
  }

  pubcomp(packetId: number, reasonCode: ReasonCode): AckResult {
    const sequence = this.#queue.sequenceOf(packetId);
    const entry = this.#queue.inFlight(sequence);
    if (entry === undefined) return AckResult.unknown;
    if (!entry.released) return AckResult.wrongQos;
    this.#queue.end(sequence, entry);
    this.#owner.hooks.acknowledged?.(this.#acknowledgement(entry, reasonCode));
    this.#owner.pump();
    return AckResult.done;
  }

  /** PUBACK, or a PUBREC that is the end. */
  #done(sequence: number, entry: OutboxEntry, reasonCode: ReasonCode): void {
    const { clientId, hooks } = this.#owner;
    const message = entry.message ?? entry.reported;
    this.#queue.end(sequence, entry);
    if (!isFailure(reasonCode)) {
      hooks.acknowledged?.(this.#acknowledgement(entry, reasonCode));
    } else {
      this.#context.dropped(message, clientId, DropReason.refused);
      hooks.refused?.(this.#acknowledgement(entry, reasonCode));
    }
    this.#owner.pump();
  }

  /** The client has the message: from now on only PUBREL is owed. */
  #release(entry: OutboxEntry): void {
    const { message, sequence } = entry;
    entry.released = true;
    entry.state = EntryState.released;
    entry.message = undefined;
    if (!this.#owner.stored || message === undefined) return;
    this.#queue.giveBack(message.bytes);
    const session = this.#owner.number;
    const { number, durability } = message;
    this.#context.commits.add(
      { type: 'release', session, sequence, message: number },
      0,
      durability,
    );
  }

  /** PUBREL follows once nothing can make the broker send the PUBLISH again. */
  #sendPubrel(entry: OutboxEntry, packetId: number): void {
    const sink = this.#owner.sink as Sink;
    if (!this.#owner.stored) {
      sink.pubrel(packetId);
      return;
    }
    // One is enough for all that come meanwhile.
    if (entry.awaitsPubrel) return;
    entry.awaitsPubrel = true;
    this.#context.commits.wait({
      onCommitted: (failure) => {
        entry.awaitsPubrel = false;
        if (failure === undefined && this.#owner.sink === sink) sink.pubrel(packetId);
      },
    });
  }

  #acknowledgement(entry: OutboxEntry, reasonCode: ReasonCode): AcknowledgedEvent {
    const { qos, reported, message = reported } = entry;
    return { client: this.#owner.client, message, qos, reasonCode };
  }
}
