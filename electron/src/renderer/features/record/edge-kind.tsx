/** The kind of a link: one that is in use, or a new one. */
import { useQuery } from "@tanstack/react-query";
import { get } from "../../shared/api/client";
import { Suggest } from "../../shared/ui/suggest";

/** What links are called in a workspace that has none yet. */
const FIRST = { word: "related", about: "" };

export function EdgeKind(props: { value: string; onChange: (value: string) => void }) {
  const kinds = useQuery({
    queryKey: ["edges", "kinds"],
    queryFn: ({ signal }) => get("/edges/kinds", {}, { signal }),
  });
  const used = (kinds.data?.kinds ?? []).map(({ edge_type, edges }) => ({
    word: edge_type,
    about: edges === 1 ? "1 link" : `${edges.toLocaleString("en")} links`,
  }));
  return (
    <Suggest
      label="Kind of link"
      required
      placeholder="related"
      suggestions={used.length > 0 ? used : [FIRST]}
      {...props}
    />
  );
}
