import { createEnvironment, type Environment } from '@sluice/core';
import { coreModule } from './core-module.ts';

/** The fields of a message that a benchmark chooses itself. */
interface MessageFields {
  readonly number?: number;
  readonly qos?: 0 | 1 | 2;
  readonly properties?: object;
  readonly receivedAt?: number;
  readonly expiresAt?: number;
}

/** What collects operations of a turn and writes them together. It is no part of what `@sluice/core` exports. */
export interface Commits {
  add(operation: object, bytes?: number): object;
  wait(waiter: { onCommitted(): void }): void;
}

/** The commits of a store that takes no time, and the end of a turn, which is called by hand. */
export interface CommitParts {
  readonly commits: Commits;
  readonly environment: Environment;
  endTurn(): void;
  /** How many operations the store got. */
  written(): number;
}

/** Makes commits as the broker does. */
export async function commitParts(): Promise<CommitParts> {
  const { Commits } = await coreModule<{ Commits: new (parts: object) => Commits }>(
    'commits/commits',
  );
  const { Turn } = await coreModule<{ Turn: new (environment: Environment) => object }>(
    'base/turn',
  );
  const { Deadlines } = await coreModule<{
    Deadlines: new (environment: Environment, onError: (error: Error) => void) => object;
  }>('base/deadlines');
  let deferred: (() => void)[] = [];
  let written = 0;
  const environment: Environment = {
    ...createEnvironment(),
    defer: (callback) => void deferred.push(callback),
  };
  const fail = (error: Error) => {
    throw error;
  };
  const commits = new Commits({
    environment,
    turn: new Turn(environment),
    deadlines: new Deadlines(environment, fail),
    maxPendingBytes: 16 * 1024 * 1024,
    events: { failed: fail, recovered: () => {} },
    persistence: {
      commit: (operations: readonly object[]) => {
        written += operations.length;
      },
    },
  });
  const endTurn = () => {
    const callbacks = deferred;
    deferred = [];
    for (const callback of callbacks) callback();
  };
  return { commits, environment, endTurn, written: () => written };
}

/** A message that nobody sent, on its way through the broker. */
export async function routedMessages(): Promise<(fields: MessageFields) => object> {
  const { RoutedMessage } = await coreModule<{
    RoutedMessage: { of(message: object): object };
  }>('messages/routed-message');
  return (fields) =>
    RoutedMessage.of({
      number: 1,
      topic: 'bench/in/042',
      payload: Buffer.alloc(32, 'x'),
      qos: 0,
      retain: false,
      properties: {},
      publisherId: 'publisher',
      receivedAt: 0,
      expiresAt: Infinity,
      ...fields,
    });
}
