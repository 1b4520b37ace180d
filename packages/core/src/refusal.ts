import { isFailure, ProtocolError, ReasonCode } from '@sluice/packet';

/** A CONNECT, or an authentication, that a hook or the broker itself refused: with its reason code and where to go instead. */
export class Refusal extends ProtocolError {
  readonly serverReference: string | undefined;

  constructor(reasonCode: ReasonCode, message: string, serverReference?: string) {
    super(reasonCode, message);
    this.serverReference = serverReference;
  }

  /** Of a denial or a drop. A drop that hides behind success still refuses. */
  static of(denial: {
    readonly reasonCode: ReasonCode;
    readonly reasonString: string | undefined;
    readonly serverReference?: string;
  }): Refusal {
    const code = isFailure(denial.reasonCode) ? denial.reasonCode : ReasonCode.notAuthorized;
    return new Refusal(code, denial.reasonString ?? 'refused', denial.serverReference);
  }
}
