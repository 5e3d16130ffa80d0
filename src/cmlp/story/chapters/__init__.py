"""The screens of ``cmlp story`` by subject; `cmlp.story.script` has their order."""
