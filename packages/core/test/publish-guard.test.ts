import { describe, expect, it } from 'vitest';
import { maxPublishDepth, PublishGuard } from '../src/hooks/publish-guard.ts';
import { aTable } from './support/hooks.ts';
import { aMessage } from './support/messages.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

const loop = expect.objectContaining({ code: 'SLUICE_PUBLISH_LOOP' });
const event = (number: number) => ({
  client: undefined,
  message: aMessage({ number }),
  receivers: 0,
});

/** A table whose hooks publish: `publish` makes a message that `later` tells the hook `published` of. */
function aWorld() {
  const { table, errors } = aTable();
  const made: number[] = [];
  const publish = (): void => {
    table.guard.check();
    const number = made.length + 1;
    table.guard.made(aMessage({ number }));
    made.push(number);
  };
  return { table, errors, made, publish };
}

describe('PublishGuard', () => {
  it('ends a loop of a hook that publishes for what it published, after sixteen rounds', () => {
    const { table, errors, made, publish } = aWorld();
    table.add('p', 'published', publish);
    const { published } = table.runners();
    publish();
    for (let told = 0; told < made.length; told++) published?.(event(made[told] as number));
    // The first is the application's own.
    expect(made).toHaveLength(1 + maxPublishDepth);
    expect(errors).toMatchObject([{ code: 'SLUICE_HOOK_FAILED', cause: loop }]);
  });

  it('ends a loop over two hooks, and one without a message within it', () => {
    const { table, errors, made, publish } = aWorld();
    table.add('p', 'dropped', publish);
    table.add('q', 'limited', publish);
    const { dropped, limited } = table.runners();
    const { guard } = table;
    publish();
    for (let told = 0; told < made.length; told++) {
      const { message } = event(made[told] as number);
      if (told % 2 === 0) dropped?.({ clientId: 'c', message, reason: 'offline' });
      else {
        const before = guard.enterRouting(message);
        limited?.({ limit: 'x', action: 'dropped', connection: undefined, clientId: 'c' });
        guard.leave(before);
      }
    }
    expect(made).toHaveLength(1 + maxPublishDepth);
    expect(errors).toHaveLength(1);
  });

  it('ends a loop of a hook that is called while it publishes', () => {
    const { table, errors } = aTable();
    let number = 1;
    let calls = 0;
    const { guard } = table;
    const publish = (): void => {
      guard.check();
      const message = aMessage({ number: number++ });
      guard.made(message);
      void table.runners().publish?.({ client: undefined, message });
    };
    table.add('p', 'publish', () => {
      calls++;
      publish();
    });
    publish();
    expect(calls).toBe(1 + maxPublishDepth);
    expect(errors).toMatchObject([{ cause: loop }]);
  });

  it('leaves the application, and hooks that publish for messages of clients, alone', () => {
    const { table, errors, made, publish } = aWorld();
    table.add('p', 'published', publish);
    const { published } = table.runners();
    for (let number = 100_000; number < 101_000; number++) published?.(event(number));
    for (let call = 0; call < 1_000; call++) publish();
    expect(made).toHaveLength(2_000);
    expect(errors).toEqual([]);
  });

  it('remembers what hooks published last, and no more', () => {
    const guard = new PublishGuard(new VirtualEnvironment());
    const publishFor = (number: number): void => {
      const before = guard.enter({ message: aMessage({ number }) });
      try {
        guard.check();
      } finally {
        guard.leave(before);
      }
    };
    for (let depth = 1; depth <= maxPublishDepth; depth++) {
      guard.enter({ message: aMessage({ number: depth - 1 }) });
      guard.made(aMessage({ number: depth }));
    }
    for (let number = 1_000; number < 11_000; number++) guard.made(aMessage({ number }));
    guard.leave(0);
    expect(() => publishFor(1_000)).toThrow(loop);
    expect(() => publishFor(10_999)).toThrow(loop);
    expect(() => publishFor(maxPublishDepth)).not.toThrow();
  });
});

describe('paced', () => {
  const world = () => {
    const environment = new VirtualEnvironment();
    const guard = new PublishGuard(environment);
    const published: number[] = [];
    const publish = (number: number) =>
      guard.paced(async () => {
        published.push(number);
        if (number < 0) throw new Error(`no ${number}`);
      });
    return { environment, guard, published, publish };
  };

  it('publishes a thousand in one turn, and the others in the next ones, in order', async () => {
    const { environment, published, publish } = world();
    const all = Array.from({ length: 2_500 }, (_, number) => publish(number));
    expect(published).toHaveLength(1_000);
    environment.runTurn();
    expect(published).toHaveLength(2_000);
    all.push(publish(2_500));
    expect(published).toHaveLength(2_000);
    environment.runDeferred();
    await Promise.all(all);
    expect(published).toEqual(Array.from({ length: 2_501 }, (_, number) => number));
    expect(environment.deferred).toBe(0);
    void publish(9_999);
    expect(published.at(-1)).toBe(9_999);
  });

  it('passes on what became of it', async () => {
    const { environment, publish } = world();
    for (let number = 0; number < 1_000; number++) void publish(number);
    const late = publish(-7);
    environment.runDeferred();
    await expect(late).rejects.toThrow('no -7');
  });

  it('knows for whom it publishes when its turn comes', async () => {
    const { environment, guard, publish } = world();
    for (let number = 0; number < 1_000; number++) void publish(number);
    const before = guard.enter({});
    for (let depth = 1; depth < maxPublishDepth; depth++) {
      guard.made(aMessage({ number: depth }));
      guard.enter({ message: aMessage({ number: depth }) });
    }
    const late = guard.paced(async () => guard.made(aMessage({ number: 77 })));
    guard.leave(before);
    environment.runDeferred();
    await late;
    guard.check();
    guard.enter({ message: aMessage({ number: 77 }) });
    expect(() => guard.check()).toThrow(loop);
    expect(() => publish(0)).toThrow(loop);
  });

  it('throws when a hundred thousand wait', () => {
    const { publish } = world();
    for (let number = 0; number < 101_000; number++) void publish(number);
    expect(() => publish(0)).toThrow(loop);
  });
});
