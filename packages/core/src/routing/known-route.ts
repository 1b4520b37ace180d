import type { TopicName } from '@sluice/packet';
import type { Route } from './route.ts';

/** The route of a topic that was looked up, which may be that of others as well. */
export class KnownRoute {
  readonly route: Route;
  #name: TopicName | undefined;

  constructor(route: Route) {
    this.route = route;
  }

  /** Lets messages with a name find it there. With that name alone, so that `end` leaves no other one with it. */
  noteWith(name: TopicName): void {
    this.end();
    name.note = this.route;
    this.#name = name;
  }

  /** A subscription that matches the topic came or went: no name leads to it any more. */
  end(): void {
    if (this.#name !== undefined) this.#name.note = undefined;
    this.#name = undefined;
  }
}
