"""Tables of events: declared, read, checked and streamed. Must not import churn rules or features."""
