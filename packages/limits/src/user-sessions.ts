const none: ReadonlyMap<string, string> = new Map();

/** The client identifiers of each identity, with the connection they have, those that came last at the end. */
export class UserSessions {
  readonly #users: Map<string, Map<string, string>> = new Map();

  of(identity: string): ReadonlyMap<string, string> {
    return this.#users.get(identity) ?? none;
  }

  add(identity: string, clientId: string, connectionId: string): void {
    const sessions = this.#users.get(identity) ?? new Map<string, string>();
    sessions.delete(clientId);
    this.#users.set(identity, sessions.set(clientId, connectionId));
  }

  remove(identity: string, clientId: string): void {
    const sessions = this.#users.get(identity);
    sessions?.delete(clientId);
    if (sessions?.size === 0) this.#users.delete(identity);
  }
}
