/** Links as they stand in a record: by direction and kind, and what a move among siblings asks of the engine. */
import type { EdgeView } from "../../shared/api/schema";

export type EdgeGroup = { type: string; out: boolean; edges: EdgeView[] };

/** Groups links in the engine's order; what leads out comes first. */
export function groupEdges(edges: readonly EdgeView[], entity: string): EdgeGroup[] {
  const groups = new Map<string, EdgeGroup>();
  for (const edge of edges) {
    const out = edge.source === entity;
    const key = `${out} ${edge.edge_type}`;
    const group = groups.get(key) ?? { type: edge.edge_type, out, edges: [] };
    group.edges.push(edge);
    groups.set(key, group);
  }
  return [...groups.values()].toSorted((a, b) => Number(b.out) - Number(a.out));
}

/** Between whom the sibling at `from` stands once it is moved to `to`; `null` when it moves nowhere. */
export function neighbours(
  ids: readonly string[],
  from: number,
  to: number,
): { after?: string; before?: string } | null {
  if (from === to || to < 0 || to >= ids.length) return null;
  const rest = ids.filter((_, index) => index !== from);
  const after = rest[to - 1];
  const before = rest[to];
  return { ...(after ? { after } : {}), ...(before ? { before } : {}) };
}
