// Several customers on one broker, each of whom believes to be alone: what a client of acme calls home/light is
// acme/home/light to the broker, and its client identifier plc-1 is acme:plc-1.
import { createBroker } from '@sluice/core';
import { type PublishProperties, parseSharedFilter, ReasonCode } from '@sluice/packet';
import { type Client, drop, type Plugin } from '@sluice/plugin';
import { type Running, runIfMain, type StartOptions, serve } from '../serve.ts';

export interface TenantsOptions {
  /** Their names: letters, digits, '-' and '_'. */
  readonly tenants: readonly string[];
}

/**
 * Takes the tenant from the user name, `anna@acme`. Whether that is Anna is for another plug-in to say: `auth` with users, for
 * one. Tokens and certificates prove a name of their own, beside which any user name may stand: compare them there.
 */
export function tenants({ tenants }: TenantsOptions): Plugin {
  for (const tenant of tenants) {
    if (!/^[\w-]+$/.test(tenant)) throw new TypeError(`${tenant} cannot be the name of a tenant`);
  }
  return {
    name: 'tenants',
    setup(context) {
      context.hook('connect', ({ packet: { userName = '', clientId, will } }) => {
        const [, tenant = ''] = userName.match(/@([^@]+)$/) ?? [];
        if (!tenants.includes(tenant)) return drop(ReasonCode.badUserNameOrPassword);
        // A client without a name would be told the one that the broker gives it, tenant and all.
        if (clientId === '') return drop(ReasonCode.clientIdentifierNotValid);
        if (will?.topic.startsWith('$')) return drop(ReasonCode.topicNameInvalid);
        return {
          clientId: `${tenant}:${clientId}`,
          ...(will && {
            will: {
              ...will,
              topic: `${tenant}/${will.topic}`,
              properties: inward(tenant, will.properties),
            },
          }),
        };
      });

      context.hook('publish', ({ client, message }) => {
        if (client === undefined) return; // the application writes whole topics
        // Below a tenant's level its own # would match them.
        if (message.topic.startsWith('$')) return drop(ReasonCode.topicNameInvalid);
        const tenant = tenantOf(client);
        return {
          topic: `${tenant}/${message.topic}`,
          properties: inward(tenant, message.properties),
        };
      });

      context.hook('subscribe', ({ client, subscriptions }) =>
        subscriptions.map((one) => ({ ...one, filter: mount(tenantOf(client), one.filter) })),
      );

      context.hook('deliver', ({ client, message }) => {
        const prefix = `${tenantOf(client)}/`;
        // acme/# matches acme as well, which is nobody's topic.
        if (!message.topic.startsWith(prefix)) return drop();
        return {
          topic: message.topic.slice(prefix.length),
          properties: outward(prefix, message.properties),
        };
      });
    },
  };
}

// The hook connect put it there: unlike attributes and user names, it is still there after a restart.
function tenantOf({ clientId }: Client): string {
  return clientId.slice(0, clientId.indexOf(':'));
}

function mount(tenant: string, filter: string): string {
  const shared = parseSharedFilter(filter);
  if (shared === undefined) return `${tenant}/${filter}`;
  return `$share/${shared.shareName}/${tenant}/${shared.filter}`;
}

// A response topic is a topic, too: who answers is in the same tenant.
function inward<Properties extends PublishProperties>(
  tenant: string,
  properties: Properties,
): Properties {
  const { responseTopic } = properties;
  if (responseTopic === undefined) return properties;
  return { ...properties, responseTopic: `${tenant}/${responseTopic}` };
}

function outward(prefix: string, properties: PublishProperties): PublishProperties {
  const { responseTopic } = properties;
  if (!responseTopic?.startsWith(prefix)) return properties;
  return { ...properties, responseTopic: responseTopic.slice(prefix.length) };
}

export async function start(options: StartOptions): Promise<Running> {
  return serve(
    await createBroker({ plugins: [tenants({ tenants: ['acme', 'globex'] })] }),
    options,
  );
}

await runIfMain(import.meta, start);
