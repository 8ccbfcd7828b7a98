export type ListedGuide = 'us-core' | 'carin-bb' | 'plan-net';

/** Demands of one kind and level that a guide makes for a resource type. */
export interface GuideRequirement {
  guide: ListedGuide;
  type: string;
  kind: 'profile' | 'interaction' | 'parameter' | 'combination' | 'include' | 'revinclude' | 'operation';
  level: 'SHALL' | 'SHOULD';
  items: readonly string[];
}
