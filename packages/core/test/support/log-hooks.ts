import { allow, type HookName, type Hooks, hookKinds, type Plugin } from '@sluice/plugin';

/** A plug-in that lets everything pass, and writes down which of these hooks was called. */
export function logHooks(names: readonly HookName[], log: string[], name = 'log'): Plugin {
  return {
    name,
    setup(context) {
      for (const hook of names) {
        const call = (): unknown => {
          log.push(hook);
          return hookKinds[hook] === 'decide' ? allow() : undefined;
        };
        context.hook(hook, call as Hooks[typeof hook]);
      }
    },
  };
}
