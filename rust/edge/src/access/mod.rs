//! Who may have an answer: signatures, places, methods.
