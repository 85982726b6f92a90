"""The training side: corpora, features, network, training, export, evaluation. Nothing that serves imports it."""
