const core = import.meta.resolve('@sluice/core');

/** Loads a file that lies beside the entry of `@sluice/core`, of what that does not export. */
export async function coreModule<Module>(name: string): Promise<Module> {
  return import(new URL(core.replace(/index(\.\w+)$/, `${name}$1`)).href);
}
