import type { Target } from './engine/target.ts';

export const targetNames = ['decoder', 'differential', 'conversation'] as const;

export type TargetName = (typeof targetNames)[number];

/** Loads a target, and the sources that it runs, only when it is wanted: what is not loaded is not looked at after each input. */
export async function loadTarget(name: TargetName, backEach = 4): Promise<Target<unknown>> {
  switch (name) {
    case 'decoder': {
      const { DecoderTarget } = await import('./decoder/target.ts');
      return new DecoderTarget({ backEach }) as Target<unknown>;
    }
    case 'differential': {
      const { DifferentialTarget } = await import('./differential/target.ts');
      return new DifferentialTarget() as Target<unknown>;
    }
    case 'conversation': {
      const { ConversationTarget } = await import('./conversation/target.ts');
      return new ConversationTarget() as Target<unknown>;
    }
  }
}
