import {
  isFailure,
  ProtocolError,
  ReasonCode,
  reasonCodeName,
  type UserProperties,
} from '@sluice/packet';

/** A CONNECT, or an authentication, that a hook or the broker itself refused. */
export class Refusal extends ProtocolError {
  /** Where the client should go instead. */
  readonly serverReference: string | undefined;
  readonly userProperties: UserProperties | undefined;

  constructor(
    reasonCode: ReasonCode,
    message: string,
    serverReference?: string,
    userProperties?: UserProperties,
  ) {
    super(reasonCode, message);
    this.serverReference = serverReference;
    this.userProperties = userProperties;
  }

  /** Of a denial or a drop. A drop that hides behind success still refuses. */
  static of(denial: {
    readonly reasonCode: ReasonCode;
    readonly reasonString: string | undefined;
    readonly serverReference?: string;
    readonly userProperties?: UserProperties;
  }): Refusal {
    const { reasonCode, serverReference, userProperties } = denial;
    const code = isFailure(reasonCode) ? reasonCode : ReasonCode.notAuthorized;
    const { reasonString = reasonCodeName(code) } = denial;
    return new Refusal(code, reasonString, serverReference, userProperties);
  }
}
