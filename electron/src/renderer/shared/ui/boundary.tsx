/** Keeps the fault of one part from taking the whole page: in its place stands what happened, and a way on. */
import { Component, type ReactNode } from "react";
import { Failed } from "./states";

export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return <Failed error={this.state.error} retry={() => location.reload()} />;
  }
}
