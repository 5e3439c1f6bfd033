import type { IpAddress } from '@fairlead/ip';

/** What `fairlead status -o json` says, as far as tests look at it. */
export interface AgentStatus {
  readonly node: string;
  readonly services: readonly {
    readonly service: string;
    readonly addresses: readonly {
      readonly address: IpAddress;
      readonly owner?: string;
      readonly here: string;
    }[];
    readonly pods: readonly { readonly node: string; readonly count: number }[];
    readonly problems: readonly StatusProblem[];
  }[];
  readonly nodes: readonly { readonly node: string; readonly live: boolean }[];
  readonly segments: readonly {
    readonly interface: string;
    readonly standing: string;
    readonly members: readonly {
      readonly node: string;
      readonly live: boolean;
      readonly standing: string;
    }[];
    readonly problems: readonly string[];
  }[];
  readonly problems: readonly StatusProblem[];
}

export interface StatusProblem {
  readonly object: string;
  readonly field: string;
  readonly value: string;
  readonly message: string;
}
