// Each client may publish so many messages a second; what is more is refused with 0x97, Quota exceeded.
import { createBroker } from '@sluice/core';
import { ReasonCode } from '@sluice/packet';
import { drop, type Plugin } from '@sluice/plugin';
import { type Running, runIfMain, type StartOptions, serve } from '../serve.ts';

export interface RateLimitOptions {
  readonly messagesPerSecond: number;
  /** Messages that a client may send at once, after it was quiet. As many as in one second by default. */
  readonly burst?: number;
  /** Milliseconds; a test brings its own clock. */
  readonly now?: () => number;
}

/** What is left of a client's allowance, and when that was computed. */
interface Bucket {
  tokens: number;
  at: number;
}

export function rateLimit(options: RateLimitOptions): Plugin {
  const { messagesPerSecond, burst = messagesPerSecond, now = () => performance.now() } = options;
  const buckets = new Map<string, Bucket>();

  function refill(bucket: Bucket): Bucket {
    const at = now();
    bucket.tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) / 1_000) * messagesPerSecond);
    bucket.at = at;
    return bucket;
  }

  return {
    name: 'rate-limit',
    setup(context) {
      context.hook('publish', ({ client }) => {
        if (client === undefined) return; // the application itself
        const bucket = refill(buckets.get(client.clientId) ?? { tokens: burst, at: now() });
        buckets.set(client.clientId, bucket);
        if (bucket.tokens < 1) {
          const { clientId, connection } = client;
          context.broker.limited({ limit: 'rate-limit', action: 'dropped', connection, clientId });
          return drop(ReasonCode.quotaExceeded, `at most ${messagesPerSecond} messages a second`);
        }
        bucket.tokens--;
      });
      // Buckets of the absent are kept until they are full: coming back does not fill them.
      const timer = setInterval(() => {
        for (const [clientId, bucket] of buckets) {
          if (refill(bucket).tokens === burst) buckets.delete(clientId);
        }
      }, 10_000);
      context.hook('close', () => clearInterval(timer));
    },
  };
}

export async function start(
  options: StartOptions,
  limit: RateLimitOptions = { messagesPerSecond: 10 },
): Promise<Running> {
  return serve(await createBroker({ plugins: [rateLimit(limit)] }), options);
}

await runIfMain(import.meta, start);
