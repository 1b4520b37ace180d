import { ReasonCode } from '@sluice/packet';
import { type Client, type Drop, drop, type Message, type Plugin } from '@sluice/plugin';
import { type Allowance, Allowances } from './allowances.ts';
import { type Clock, systemClock } from './clock.ts';
import { checkChoice, checkInteger, checkNames, checkPositive, refused } from './option-checks.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';
import { Waiting } from './waiting.ts';

export interface MessageRateOptions {
  /** Messages of one client in each second, over time. Above 0. */
  readonly messagesPerSecond?: number | undefined;
  /** Messages at once after a time of none. Whole number from 1; those of one second by default. */
  readonly burstMessages?: number | undefined;
  /** Bytes of payloads, and characters of topics, of one client in each second, over time. Above 0. */
  readonly bytesPerSecond?: number | undefined;
  /** Bytes at once after a time of none. Whole number from 1; those of one second by default. */
  readonly burstBytes?: number | undefined;
  /**
   * 'wait' does not read on until the message is within the rate. 'drop' refuses the message: 0x97 for 5.0, 3.x gets
   * its acknowledgement. 'disconnect' ends the connection with 0x96.
   */
  readonly onLimit: 'wait' | 'drop' | 'disconnect';
  /** Milliseconds that one message waits at most; a client that owes more is let off. 1 to 600,000; 10,000 by default. */
  readonly maxWaitMs?: number | undefined;
  /** Clients that are not counted, asked once for each of their connections. */
  readonly exempt?: ((client: Client) => boolean) | undefined;
  /** Clients whose use of the rate is remembered when they leave. Whole number from 0; 10,000 by default. */
  readonly maxDeparted?: number | undefined;
  /** The process's own by default. */
  readonly clock?: Clock | undefined;
}

const name = 'message-rate';

/** Before hooks that do something about messages: what goes too far should cost nothing more. */
const priority = 100;

/** How late a timer may be. A hook is said to be slow from half of its deadline on, and this one means to wait. */
const lateMs = 5_000;

const tooMany: Drop = Object.freeze(drop(ReasonCode.quotaExceeded, 'too many messages'));

/** Bounds what each client publishes, in messages and in bytes; wills and the application are not counted. */
export function messageRate(options: MessageRateOptions): Plugin {
  const { onLimit, maxWaitMs, exempt, maxDeparted, clock, ...rates } = checkOptions(options);

  return {
    name,
    setup(context) {
      const waiting = new Waiting(clock);
      const allowances = new Allowances(maxDeparted, (client, used) => ({
        connection: client.connection,
        // A promise is no yes, although it is truthy.
        exempt: exempt?.(client) === true,
        messages: used?.messages ?? (rates.messages && new TokenBucket(rates.messages)),
        bytes: used?.bytes ?? (rates.bytes && new TokenBucket(rates.bytes)),
      }));

      const limited = (client: Client, action: 'paused' | 'dropped' | 'closed'): void => {
        const { connection, clientId } = client;
        context.broker.limited({ limit: name, action, connection, clientId });
      };

      const act = (client: Client, waitMs: number): Promise<void> | Drop | undefined => {
        if (onLimit === 'wait') {
          limited(client, 'paused');
          return waiting.wait(Math.min(waitMs, maxWaitMs));
        }
        limited(client, onLimit === 'drop' ? 'dropped' : 'closed');
        if (onLimit === 'disconnect') {
          context.broker.disconnect(client.clientId, {
            reasonCode: ReasonCode.messageRateTooHigh,
            reasonString: 'too many messages',
          });
        }
        return tooMany;
      };

      context.hook(
        'publish',
        ({ client, message }) => {
          if (client === undefined) return;
          const allowance = allowances.of(client);
          if (allowance.exempt) return;
          const now = clock.monotonic();
          const size = sizeOf(message);
          const waitMs = waitFor(allowance, size, now);
          // What is dropped does not count: a client that never stops still gets its rate.
          if (waitMs === 0 || onLimit === 'wait') {
            allowance.messages?.take(1, now);
            allowance.bytes?.take(size, now);
          }
          if (waitMs > 0) return act(client, waitMs);
        },
        { priority, keepsMessages: false, deadlineMs: 2 * (maxWaitMs + lateMs) },
      );
      context.hook('disconnected', ({ client }) => {
        allowances.leave(client, clock.monotonic());
      });
      context.hook('close', () => waiting.end());
    },
  };
}

function sizeOf({ topic, payload }: Message): number {
  return topic.length + payload.length;
}

function waitFor({ messages, bytes }: Allowance, size: number, now: number): number {
  const forMessages = messages?.waitMs(1, now) ?? 0;
  const forBytes = bytes?.waitMs(size, now) ?? 0;
  return Math.max(forMessages, forBytes);
}

interface Settings {
  readonly messages: Rate | undefined;
  readonly bytes: Rate | undefined;
  readonly onLimit: MessageRateOptions['onLimit'];
  readonly maxWaitMs: number;
  readonly exempt: MessageRateOptions['exempt'];
  readonly maxDeparted: number;
  readonly clock: Clock;
}

const optionNames = [
  'messagesPerSecond',
  'burstMessages',
  'bytesPerSecond',
  'burstBytes',
  'onLimit',
  'maxWaitMs',
  'exempt',
  'maxDeparted',
  'clock',
];

function checkOptions(options: MessageRateOptions): Settings {
  checkNames(name, options, optionNames);
  const { messagesPerSecond, bytesPerSecond, burstMessages, burstBytes } = options;
  if (messagesPerSecond === undefined && bytesPerSecond === undefined) {
    throw refused(name, 'neither messagesPerSecond nor bytesPerSecond is given; give one of them');
  }
  const maxWaitMs = checkInteger(name, 'maxWaitMs', options.maxWaitMs ?? 10_000, 1, 600_000);
  const rate = (what: string, perSecond: number | undefined, burst: number | undefined) => {
    if (perSecond === undefined) {
      if (burst === undefined) return undefined;
      throw refused(name, `burst${what} goes with ${what.toLowerCase()}PerSecond`);
    }
    const checked = checkPositive(name, `${what.toLowerCase()}PerSecond`, perSecond);
    const capacity = checkInteger(name, `burst${what}`, burst ?? Math.ceil(checked), 1);
    const maxDebtMs = options.onLimit === 'wait' ? maxWaitMs : Infinity;
    return { capacity, msPerToken: 1_000 / checked, maxDebtMs };
  };
  return {
    messages: rate('Messages', messagesPerSecond, burstMessages),
    bytes: rate('Bytes', bytesPerSecond, burstBytes),
    onLimit: checkChoice(name, 'onLimit', options.onLimit, ['wait', 'drop', 'disconnect']),
    maxWaitMs,
    exempt: options.exempt,
    maxDeparted: checkInteger(name, 'maxDeparted', options.maxDeparted ?? 10_000, 0, 10_000_000),
    clock: options.clock ?? systemClock,
  };
}
