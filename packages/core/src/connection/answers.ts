import {
  type AcknowledgementPacket,
  encodePacket,
  isFailure,
  noProperties,
  type Packet,
  PacketType,
  type ProtocolVersion,
  ReasonCode,
} from '@sluice/packet';
import type { Limits } from '../base/limits.ts';
import type { CommitWaiter } from '../commits/commits.ts';
import type { Context } from '../context/context.ts';
import type { ClientSink } from './client-sink.ts';
import type { Output } from './output.ts';
import { type Reading, ReadingStop } from './reading.ts';

type AcknowledgementType = AcknowledgementPacket['type'];

const compactAbove = 1_024;
/** Answers that may wait before the client is read no further, where its Receive Maximum does not allow more. */
const mostWaiting = 1_000;

/** The connection, as its answers see it. */
interface AnswersOwner {
  readonly protocolVersion: ProtocolVersion;
  /** Bytes that the client takes in one packet. */
  readonly maximumPacketSize: number;
  readonly limits: Pick<Limits, 'receiveMaximum'>;
  readonly sink: Pick<ClientSink, 'answered'>;
  readonly reading: Pick<Reading, 'stop'>;
  /** An answer left that had to wait. */
  onAnswered(): void;
  close(reasonCode: ReasonCode, message: string): void;
}

/** An answer whose turn has not come. */
abstract class Answer implements CommitWaiter {
  ready = false;
  protected readonly answers: Answers;

  constructor(answers: Answers) {
    this.answers = answers;
  }

  abstract send(): void;

  onCommitted(failure: Error | undefined): void {
    // What never became durable is never answered.
    if (failure !== undefined) return;
    this.ready = true;
    this.answers.drain();
  }
}

class Acknowledgement extends Answer {
  readonly #type: AcknowledgementType;
  readonly #packetId: number;
  readonly #reasonCode: ReasonCode;

  constructor(
    answers: Answers,
    type: AcknowledgementType,
    packetId: number,
    reasonCode: ReasonCode,
  ) {
    super(answers);
    this.#type = type;
    this.#packetId = packetId;
    this.#reasonCode = reasonCode;
  }

  send(): void {
    this.answers.sendOwed(this.#type, this.#packetId, this.#reasonCode);
  }
}

class Action extends Answer {
  readonly #act: () => void;

  constructor(answers: Answers, act: () => void) {
    super(answers);
    this.#act = act;
  }

  send(): void {
    this.#act();
  }
}

/** Answers to one client, in the order of its packets [MQTT-4.6.0-2], each when its commit has settled. */
export class Answers {
  readonly #owner: AnswersOwner;
  readonly #output: Output;
  readonly #context: Context;
  #waiting: Answer[] = [];
  #head = 0;
  #owed = 0;

  constructor(owner: AnswersOwner, output: Output, context: Context) {
    this.#owner = owner;
    this.#output = output;
    this.#context = context;
  }

  /** Answers that wait for a commit, or behind one that does. */
  get pending(): number {
    return this.#waiting.length - this.#head;
  }

  /** PUBLISH packets whose last acknowledgement waits: they count against Receive Maximum. */
  get owed(): number {
    return this.#owed;
  }

  /** Acknowledges a packet: at once if it may, after the commit if `durable`, and never out of turn. */
  acknowledge(
    type: AcknowledgementType,
    packetId: number,
    reasonCode: ReasonCode,
    durable: boolean,
  ): void {
    if (!durable && this.pending === 0) {
      this.#send(type, packetId, reasonCode);
    } else {
      if (endsExchange(type, reasonCode)) this.#owed++;
      this.#add(new Acknowledgement(this, type, packetId, reasonCode), durable);
    }
  }

  /** Answers PINGREQ, before what waits. */
  pingresp(): void {
    this.#output.pingresp();
    this.#owner.sink.answered();
  }

  /** Does something in the same order: sends another answer, and what belongs behind it. */
  act(act: () => void, durable: boolean): void {
    if (!durable && this.pending === 0) act();
    else this.#add(new Action(this, act), durable);
  }

  /** Sends a packet now; one that the client could not take ends the connection. */
  sendPacket(packet: Packet): void {
    const bytes = encodePacket(packet, this.#owner.protocolVersion);
    if (bytes.length > this.#owner.maximumPacketSize) {
      this.#owner.close(ReasonCode.packetTooLarge, 'an answer exceeds the Maximum Packet Size');
    } else {
      this.#output.append(bytes, 0, bytes.length);
      this.#owner.sink.answered();
    }
  }

  sendOwed(type: AcknowledgementType, packetId: number, reasonCode: ReasonCode): void {
    // The place is free before the client can see the acknowledgement.
    if (endsExchange(type, reasonCode)) this.#owed--;
    this.#send(type, packetId, reasonCode);
  }

  /** Sends the answers whose turn has come. */
  drain(): void {
    while (this.#waiting[this.#head]?.ready === true) {
      const answer = this.#waiting[this.#head++] as Answer;
      if (this.#head === this.#waiting.length || this.#head > compactAbove) {
        this.#waiting = this.#waiting.slice(this.#head);
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
    this.#owed = 0;
  }

  #send(type: AcknowledgementType, packetId: number, reasonCode: ReasonCode): void {
    if (reasonCode === 0 || this.#owner.protocolVersion !== 5) {
      this.#output.acknowledge(type, packetId);
      this.#owner.sink.answered();
    } else {
      this.sendPacket({ type, packetId, reasonCode, properties: noProperties });
    }
  }

  #add(answer: Answer, durable: boolean): void {
    this.#waiting.push(answer);
    if (durable) this.#context.commits.wait(answer);
    else answer.ready = true;
    // The commit that they wait for may take as long as a disk is full.
    const { limits, reading } = this.#owner;
    if (this.pending > Math.max(mostWaiting, limits.receiveMaximum)) {
      reading.stop(ReadingStop.answers);
    }
  }
}

/** Whether nothing of a PUBLISH is left to do once this is sent. A QoS 2 one that goes on is counted by the inbox. */
function endsExchange(type: AcknowledgementType, reasonCode: ReasonCode): boolean {
  return type === PacketType.puback || (type === PacketType.pubrec && isFailure(reasonCode));
}
