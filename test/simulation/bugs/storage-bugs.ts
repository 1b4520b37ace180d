import type { Operation, OperationType, QueuedMessage } from '@sluice/plugin';
import { DurableState } from '../durable-state.ts';
import { SimulatedPersistence } from '../simulated-persistence.ts';
import { type Bug, replace, type Undo } from './patch.ts';

type Operations = readonly Operation[];

/** Changes what reaches the disk. The same list is changed once, so that trying again is still trying the same. */
function changingCommits(change: (operations: Operations) => Operations): Undo {
  const changed = new WeakMap<Operations, Operations>();
  return replace(
    SimulatedPersistence.prototype,
    'commit',
    (commit) =>
      function (this: SimulatedPersistence, operations) {
        const list = changed.get(operations) ?? change(operations);
        changed.set(operations, list);
        return list.length === 0 ? undefined : commit.call(this, list);
      },
  );
}

/** One kind of operation is never stored. */
function forgetting(type: OperationType, says: string): Bug {
  return {
    name: `forget-${type.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    says,
    plant: () => changingCommits((operations) => operations.filter((one) => one.type !== type)),
  };
}

function changingReads(
  change: (entries: readonly QueuedMessage[]) => readonly QueuedMessage[],
): Undo {
  return replace(
    DurableState.prototype,
    'readQueue',
    (read) =>
      function (this: DurableState, ...parameters) {
        return change(read.call(this, ...parameters));
      },
  );
}

/** Faults between the broker and its disk. */
export const storageBugs: readonly Bug[] = [
  forgetting('receive', 'QoS 2 packet identifiers that are held are not stored'),
  forgetting('complete', 'QoS 2 packet identifiers that are free again are not stored'),
  forgetting('release', 'PUBREC of a receiver is not stored'),
  forgetting('subscribe', 'subscriptions are not stored'),
  forgetting('unsubscribe', 'the end of a subscription is not stored'),
  forgetting('retain', 'retained messages are not stored'),
  forgetting('clearRetained', 'the end of a retained message is not stored'),
  forgetting('endSession', 'the end of a session is not stored'),
  forgetting('saveWill', 'wills are not stored'),
  forgetting('removeWill', 'the end of a will is not stored'),
  {
    name: 'split-commit',
    says: 'a commit is two: a crash may leave the first half',
    plant: () => {
      const state = new WeakMap<object, DurableState>();
      const undoState = replace(
        SimulatedPersistence.prototype,
        'open',
        (open) =>
          function (this: SimulatedPersistence) {
            state.set(this, this.state);
            return open.call(this);
          },
      );
      const halves = new WeakMap<Operations, Operations>();
      const undoCommit = replace(
        SimulatedPersistence.prototype,
        'commit',
        (commit) =>
          function (this: SimulatedPersistence, operations) {
            if (operations.length === 1) return commit.call(this, operations);
            let second = halves.get(operations);
            if (second === undefined) {
              // The last operation goes first: the identifier of a QoS 2 message before the message.
              state.get(this)?.apply(operations.slice(-1));
              second = operations.slice(0, -1);
              halves.set(operations, second);
            }
            return commit.call(this, second);
          },
      );
      return () => {
        undoState();
        undoCommit();
      };
    },
  },
  {
    name: 'believe-failed-commit',
    says: 'a commit that failed counts as done',
    plant: () =>
      replace(
        SimulatedPersistence.prototype,
        'commit',
        (commit) =>
          function (this: SimulatedPersistence, operations) {
            return commit.call(this, operations)?.catch(() => this.forgive());
          },
      ),
  },
  {
    name: 'window-reversed',
    says: 'a window of a queue is read in the wrong order',
    plant: () => changingReads((entries) => entries.toReversed()),
  },
  {
    name: 'window-skips',
    says: 'a window of a queue begins one entry too late',
    plant: () => changingReads((entries) => entries.slice(entries.length > 1 ? 1 : 0)),
  },
  {
    name: 'expiry-not-stored',
    says: 'a message that was on disk never expires',
    plant: () =>
      changingReads((entries) =>
        entries.map((entry) =>
          entry.message === undefined
            ? entry
            : { ...entry, message: { ...entry.message, expiresAt: Infinity } },
        ),
      ),
  },
];
