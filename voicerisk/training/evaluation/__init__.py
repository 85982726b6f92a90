"""What a model card reports, one module per section; `voicerisk.training.evaluate` runs them all."""
