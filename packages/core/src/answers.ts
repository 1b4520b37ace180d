import {
  type AcknowledgementPacket,
  encodePacket,
  noProperties,
  type ProtocolVersion,
  type ReasonCode,
} from '@sluice/packet';
import type { CommitWaiter } from './commits.ts';
import type { Context } from './context.ts';
import type { Output } from './output.ts';

/** An acknowledgement or another answer that leaves in its turn. */
abstract class Answer implements CommitWaiter {
  ready = false;
  readonly #answers: Answers;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  abstract send(): void;

  onCommitted(failure: Error | undefined): void {
    if (failure !== undefined) {
      this.#answers.fail();
      return;
    }
    this.ready = true;
    this.#answers.drain();
  }
}

class Acknowledgement extends Answer {
  readonly #output: Answers;
  readonly #type: AcknowledgementPacket['type'];
  readonly #packetId: number;
  readonly #reasonCode: ReasonCode;

  constructor(
    answers: Answers,
    type: AcknowledgementPacket['type'],
    packetId: number,
    reasonCode: ReasonCode,
  ) {
    super(answers);
    this.#output = answers;
    this.#type = type;
    this.#packetId = packetId;
    this.#reasonCode = reasonCode;
  }

  send(): void {
    this.#output.write(this.#type, this.#packetId, this.#reasonCode);
  }
}

class Deferred extends Answer {
  readonly #send: () => void;

  constructor(answers: Answers, send: () => void) {
    super(answers);
    this.#send = send;
  }

  send(): void {
    this.#send();
  }
}

/** What the answers ask of their connection. */
interface AnswersOwner {
  readonly protocolVersion: ProtocolVersion;
  /** The persistence failed: what should have been answered never will be. */
  onAnswerFailed(): void;
  /** An acknowledgement of a PUBLISH left. */
  onAnswered(): void;
}

/** Answers to one client, in the order of its packets [MQTT-4.6.0-2], each when its commit has settled. */
export class Answers {
  readonly #owner: AnswersOwner;
  readonly #output: Output;
  readonly #context: Context;
  #waiting: Answer[] = [];
  #head = 0;

  constructor(owner: AnswersOwner, output: Output, context: Context) {
    this.#owner = owner;
    this.#output = output;
    this.#context = context;
  }

  /** Answers that wait for a commit. */
  get pending(): number {
    return this.#waiting.length - this.#head;
  }

  /** Acknowledges a packet: at once if it may, after the commit if `durable`, and never out of turn. */
  acknowledge(
    type: AcknowledgementPacket['type'],
    packetId: number,
    reasonCode: ReasonCode,
    durable: boolean,
  ): void {
    if (!durable && this.pending === 0) this.write(type, packetId, reasonCode);
    else this.#add(new Acknowledgement(this, type, packetId, reasonCode), durable);
  }

  /** Any other answer. */
  answer(send: () => void, durable: boolean): void {
    if (!durable && this.pending === 0) send();
    else this.#add(new Deferred(this, send), durable);
  }

  /** Sends the answers whose turn has come. */
  drain(): void {
    while (this.#waiting[this.#head]?.ready === true) {
      const answer = this.#waiting[this.#head++] as Answer;
      if (this.#head === this.#waiting.length) {
        this.#waiting = [];
        this.#head = 0;
      }
      answer.send();
      this.#owner.onAnswered();
    }
  }

  /** Nothing is answered any more. */
  clear(): void {
    this.#waiting = [];
    this.#head = 0;
  }

  fail(): void {
    this.#owner.onAnswerFailed();
  }

  write(type: AcknowledgementPacket['type'], packetId: number, reasonCode: ReasonCode): void {
    if (reasonCode === 0 || this.#owner.protocolVersion !== 5) {
      this.#output.acknowledge(type, packetId);
      return;
    }
    const packet = { type, packetId, reasonCode, properties: noProperties };
    const bytes = encodePacket(packet, 5);
    this.#output.append(bytes, 0, bytes.length);
  }

  #add(answer: Answer, durable: boolean): void {
    this.#waiting.push(answer);
    if (durable) this.#context.commits.wait(answer);
    else answer.ready = true;
  }
}
