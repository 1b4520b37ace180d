import { emptyBroker } from '@sluice/plugin/testing';
import { expect, it } from 'vitest';
import { settled } from '../../core/test/support/hooks.ts';
import { VirtualEnvironment } from '../../core/test/support/virtual-environment.ts';
import { Publisher } from '../src/publisher.ts';
import { sysTopics } from '../src/topics.ts';

it.each(['throws', 'rejects'])(
  'publishes again what could not be published: it %s',
  async (how) => {
    const clock = new VirtualEnvironment();
    const published = new Set<string>();
    let failures = 2;
    const broker = emptyBroker({
      publish: ({ topic }) => {
        if (failures > 0 && topic.includes('version')) {
          failures -= 1;
          const error = new Error('not now');
          if (how === 'throws') throw error;
          return Promise.reject(error);
        }
        published.add(topic);
        return Promise.resolve();
      },
    });
    const errors: Error[] = [];
    const publisher = new Publisher(broker, clock, 1_000, (error) => void errors.push(error));
    publisher.start();
    clock.advance(0);
    await settled();
    // Everything else is there meanwhile.
    expect(published.size).toBe(sysTopics.size - 1);
    clock.advance(1_000);
    await settled();
    clock.advance(1_000);
    await settled();
    expect(published.size).toBe(sysTopics.size);
    expect(errors.length).toBe(2);
    publisher.stop();
  },
);
