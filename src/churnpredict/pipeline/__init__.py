"""The order of the stages: train, score, audit, back-test. Score runs, monitoring, lifecycle, report and the command line may import it."""
