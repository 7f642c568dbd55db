//! The Python face of edgeplane: the extension module edgeplane._core.
