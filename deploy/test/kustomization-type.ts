/** Of Kustomize's own file, the fields that are used here. */
export type Kustomization = {
  apiVersion: 'kustomize.config.k8s.io/v1beta1';
  kind: 'Kustomization';
  resources: string[];
  namespace?: string;
  images?: { name: string; newName: string; newTag: string }[];
  configMapGenerator?: { name: string; files: string[] }[];
  patches?: { target: { kind: string; name: string }; patch: string }[];
};
