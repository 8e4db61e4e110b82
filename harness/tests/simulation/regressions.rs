//! Every seed that ever showed a bug, and the bug.
