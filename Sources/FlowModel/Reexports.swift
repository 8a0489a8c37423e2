// Shapes, learning rate, digest chain and the split of the corpus belong to the configurations and trajectories of this module's interface.
@_exported public import FlowTraining
