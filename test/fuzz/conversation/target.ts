import type { Dice } from '../../simulation/dice.ts';
import { readCorpus } from '../corpus/read-corpus.ts';
import { mutateBytes } from '../decoder/mutate-bytes.ts';
import { leavingOut } from '../engine/shrink.ts';
import type { Target } from '../engine/target.ts';
import { generateConversation, generateSteps } from './generate.ts';
import {
  type Conversation,
  peers,
  readConversation,
  type Step,
  versions,
  writeConversation,
} from './step.ts';
import { ConversationWorld } from './world.ts';

const maxSteps = 40;
const nothing = new Uint8Array(0);

/** Whole conversations of several clients with a broker in memory, in virtual time. */
export class ConversationTarget implements Target<Conversation> {
  readonly name = 'conversation';
  readonly known: readonly Conversation[] = readCorpus('conversation').map(readConversation);
  #world: ConversationWorld | undefined;
  #isWatching = false;

  generate(dice: Dice): Conversation {
    return generateConversation(dice);
  }

  mutate(input: Conversation, other: Conversation, dice: Dice): Conversation {
    const steps = [...input];
    for (let changes = dice.between(1, 4); changes > 0; changes--) change(steps, other, dice);
    return steps.slice(0, maxSteps);
  }

  async run(input: Conversation): Promise<void> {
    this.#watch();
    const world = await ConversationWorld.start();
    this.#world = world;
    try {
      await world.play(input);
    } finally {
      this.#world = undefined;
    }
  }

  *simpler(input: Conversation): Generator<Conversation> {
    yield* leavingOut(input);
    for (const [index, step] of input.entries()) {
      if (step.do === 'pass' && step.ms > 0) yield input.with(index, { do: 'pass', ms: 0 });
      if (step.do !== 'send') continue;
      for (const bytes of leavingOut([...step.bytes])) {
        yield input.with(index, { ...step, bytes: Uint8Array.from(bytes) });
      }
    }
  }

  write(input: Conversation): string {
    return writeConversation(input);
  }

  read(line: string): Conversation {
    return readConversation(line);
  }

  /** What nobody catches is a finding of the conversation that is played. */
  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const onUncaught = (error: unknown): void => {
      if (this.#world === undefined) {
        console.error(error);
        process.exit(1);
      }
      this.#world.fail(error);
    };
    process.on('uncaughtException', onUncaught);
    process.on('unhandledRejection', onUncaught);
  }
}

function change(steps: Step[], other: Conversation, dice: Dice): void {
  const at = dice.below(steps.length + 1);
  const step = steps[at];
  switch (dice.below(8)) {
    case 0:
      steps.splice(at, dice.between(1, 3));
      return;
    case 1:
    case 2:
      steps.splice(at, 0, ...generateSteps(dice.pick(peers), dice.pick(versions), dice));
      return;
    case 3: {
      const from = dice.below(other.length + 1);
      steps.splice(at, 0, ...other.slice(from, from + dice.between(1, 6)));
      return;
    }
    case 4:
      if (step !== undefined) steps.splice(dice.below(steps.length + 1), 0, step);
      return;
    case 5:
      if (step !== undefined && step.do !== 'pass') steps[at] = { ...step, peer: dice.pick(peers) };
      return;
    case 6:
      if (step?.do === 'send') {
        const given = other.find((one) => one.do === 'send');
        const bytes = mutateBytes(step.bytes, given?.do === 'send' ? given.bytes : nothing, dice);
        steps[at] = { ...step, bytes: bytes.subarray(0, 2_048) };
      }
      return;
    default:
      if (step?.do === 'send') {
        const middle = dice.below(step.bytes.length + 1);
        const parts = [step.bytes.subarray(0, middle), step.bytes.subarray(middle)];
        const [begin, rest] = parts.map((bytes) => ({ ...step, bytes }));
        steps.splice(at, 1, begin as Step, { do: 'pass', ms: 0 }, rest as Step);
      }
  }
}
