import type { PublishProperties, Qos } from '@sluice/packet';
import type { HookName, Hooks } from './hooks.ts';
import type { MatcherFactory } from './matcher.ts';
import type { Persistence } from './persistence.ts';

/** What a plug-in may provide; each has exactly one provider. */
export interface Services {
  persistence: Persistence;
  matcher: MatcherFactory;
}

export interface HookOptions {
  /** Higher runs earlier; equal ones run in order of registration. 0 by default. */
  readonly priority?: number;
  /** Milliseconds that an asynchronous answer may take; the broker's `hookTimeoutMs` by default. */
  readonly deadlineMs?: number;
  /**
   * Asynchronous calls that run at once; more wait in line. Unlimited by default. Waiting counts against the
   * deadline. A call keeps its place until its promise settles, or for `deadlineMs` from when it began to run.
   */
  readonly maxConcurrent?: number;
}

/** A message of the application itself. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  /** 0 by default. */
  readonly qos?: Qos;
  /** false by default. */
  readonly retain?: boolean;
  readonly properties?: Omit<PublishProperties, 'topicAlias' | 'subscriptionIdentifiers'>;
}

/** What a plug-in may ask of the broker while it runs. */
export interface BrokerServices {
  /** Settles when the message is routed, and durable where it has to be. */
  publish(message: OutgoingMessage): Promise<void>;
  /** Ends the connection of a client with DISCONNECT 0x98; false when it has none. */
  disconnect(clientId: string): boolean;
}

/** Handed to `setup`. Hooks and services are registered there and nowhere else. */
export interface PluginContext {
  hook<Name extends HookName>(name: Name, hook: Hooks[Name], options?: HookOptions): void;
  provide<Name extends keyof Services>(name: Name, service: Services[Name]): void;
  /** Usable from the hook `start` on. */
  readonly broker: BrokerServices;
  /** Reports what a person should see: it becomes the broker's `error` event. */
  reportError(error: Error): void;
}

/** Something plugged into the broker: `createBroker({ plugins: [plugin] })`. */
export interface Plugin {
  /** Names it in errors; unique within a broker. */
  readonly name: string;
  setup(context: PluginContext): void | Promise<void>;
}
