/** An answer that the proxy gives in the API server's place. */
export interface RefusalRule {
  /** HTTP status: 409, 410, 429, 500 … */
  readonly status: number;
  readonly retryAfterSeconds?: number | undefined;
  /** Only to this method. */
  readonly method?: string | undefined;
  /** Only to paths, query included, in which this regular expression is found. */
  readonly path?: string | undefined;
  /** How often; for ever where left out. */
  readonly times?: number | undefined;
}

/** What a fault proxy is told. */
export type FaultCommand =
  /** All connections are reset, and new ones, until `restore`. */
  | { readonly verb: 'cut' }
  /** Nothing more passes on the connections that are open, in either direction; they stay open. New ones work. */
  | { readonly verb: 'freeze' }
  /** As `freeze`, and new connections are taken without a word until `restore`. */
  | { readonly verb: 'silence' }
  /** Each request and each piece of an answer comes so much later. */
  | { readonly verb: 'delay'; readonly ms: number }
  | { readonly verb: 'refuse'; readonly rule: RefusalRule }
  /** Text between two events of each watch that is open. */
  | { readonly verb: 'garble'; readonly text: string }
  /** No fault any more; what is frozen stays so. */
  | { readonly verb: 'restore' }
  /** What passed since the last time this was asked. */
  | { readonly verb: 'requests' };

/** A request that came to the proxy. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** Undefined while there is no answer. */
  readonly status: number | undefined;
}

interface ActiveRule {
  readonly rule: RefusalRule;
  readonly path: RegExp | undefined;
  left: number;
}

/** Which rule is for which request; each counts how often it was used. */
export class RefusalRules {
  #rules: ActiveRule[] = [];

  /** @throws SyntaxError where the path is no regular expression */
  add(rule: RefusalRule): void {
    const path = rule.path === undefined ? undefined : new RegExp(rule.path, 'u');
    this.#rules.push({ rule, path, left: rule.times ?? Infinity });
  }

  clear(): void {
    this.#rules = [];
  }

  take(method: string, path: string): RefusalRule | undefined {
    const found = this.#rules.find(
      (active) =>
        active.left > 0 &&
        (active.rule.method ?? method) === method &&
        (active.path?.test(path) ?? true),
    );
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.rule;
  }
}

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The body that the API server would send. */
export function statusBody({ status, retryAfterSeconds }: RefusalRule): string {
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'refused by the fault proxy',
    reason: reasons[status] ?? '',
    details: retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
    code: status,
  });
}
