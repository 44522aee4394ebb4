"""ChurnPipeline and its stages: train, score, audit, backtest. Score runs, monitoring, lifecycle, report and the command line may import
it.
"""
