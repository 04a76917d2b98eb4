"""Images of an application: what its folder asks for, the Dockerfiles that follow from it, and their build."""
