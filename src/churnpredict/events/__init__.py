"""Tables of events, declared, read, checked and streamed. It knows no churn rule and no feature."""
