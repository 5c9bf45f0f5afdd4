"""The fields of each kind that the pack admits, in the notation of ``fields``; ``~`` marks a kind without a namespace.

What is left out is left out on purpose: a field that opens a door, runs something, or takes a value that no check
reads. Sources: the API's OpenAPI of Kubernetes 1.34, and each operator's custom resource definitions.
"""

from __future__ import annotations

PODS = {
    "Pod": "spec=POD",
    "PodTemplate": "template=TEMPLATE",
    "apps/Deployment extensions/Deployment": """
        spec{replicas selector* template=TEMPLATE strategy* minReadySeconds paused progressDeadlineSeconds
             revisionHistoryLimit}
    """,
    "apps/StatefulSet": """
        spec{replicas selector* template=TEMPLATE serviceName minReadySeconds ordinals{start} podManagementPolicy
             persistentVolumeClaimRetentionPolicy{whenDeleted whenScaled} revisionHistoryLimit updateStrategy*
             volumeClaimTemplates{apiVersion kind metadata=META spec=CLAIM status*}}
    """,
    "apps/DaemonSet": "spec{replicas selector* template=TEMPLATE minReadySeconds revisionHistoryLimit updateStrategy*}",
    "apps/ReplicaSet ReplicationController": "spec{replicas selector* template=TEMPLATE minReadySeconds}",
    "batch/Job": "spec=JOB",
    "batch/CronJob": """
        spec{schedule timeZone concurrencyPolicy startingDeadlineSeconds suspend failedJobsHistoryLimit
             successfulJobsHistoryLimit jobTemplate{metadata=META spec=JOB}}
    """,
    "postgresql.cnpg.io/Cluster": """
        spec{
            description instances imageName imageCatalogRef* imagePullPolicy imagePullSecrets{name} postgresUID
            postgresGID storage* walStorage* tablespaces* resources=RESOURCES affinity* topologySpreadConstraints*
            priorityClassName schedulerName primaryUpdateStrategy primaryUpdateMethod startDelay stopDelay
            smartShutdownTimeout switchoverDelay failoverDelay livenessProbeTimeout enablePDB enableSuperuserAccess
            superuserSecret{name} seccompProfile{type(RuntimeDefault|Localhost) localhostProfile} inheritedMetadata*
            minSyncReplicas maxSyncReplicas logLevel nodeMaintenanceWindow* probes* ephemeralVolumesSizeLimit*
            serviceAccountTemplate{metadata=META} replica* replicationSlots* primaryLease*
            certificates{clientCASecret replicationTLSSecret serverCASecret serverTLSSecret serverAltDNSNames}
            monitoring{enablePodMonitor disableDefaultQueries metricsQueriesTTL tls{enabled}
                customQueriesConfigMap=SECRET_KEY customQueriesSecret=SECRET_KEY}
            bootstrap{
                initdb{database owner secret{name} encoding locale localeCollate localeCType localeProvider icuLocale
                    icuRules builtinLocale walSegmentSize dataChecksums options postInitSQL postInitApplicationSQL
                    postInitTemplateSQL import*}
                recovery{backup{name} source database owner secret{name} volumeSnapshots* recoveryTarget*}
                pg_basebackup{source database owner secret{name}}
            }
            externalClusters{name connectionParameters* password=SECRET_KEY sslCert=SECRET_KEY sslKey=SECRET_KEY
                sslRootCert=SECRET_KEY plugin* barmanObjectStore=S3}
            backup{barmanObjectStore=S3 retentionPolicy target volumeSnapshot*}
            plugins{name enabled isWALArchiver parameters*}
            postgresql{parameters* shared_preload_libraries synchronous* enableAlterSystem promotionTimeout}
            managed{roles{name ensure comment login superuser(false) createdb createrole inherit replication bypassrls
                connectionLimit validUntil inRoles passwordSecret{name} disablePassword}}
        }
    """,
    "minio.min.io/Tenant": """
        spec{
            image imagePullPolicy imagePullSecret{name} configuration{name} mountPath subPath requestAutoCert
            podManagementPolicy priorityClassName serviceAccountName env=ENV logging* liveness* readiness* startup*
            features{bucketDNS enableSFTP(false) domains*} exposeServices{console(false) minio(false)}
            externalCaCertSecret{name type} externalCertSecret{name type} externalClientCertSecret{name type}
            certConfig* prometheusOperator buckets{name region objectLock} users{name} serviceMetadata*
            pools{name servers volumesPerServer volumeClaimTemplate{apiVersion kind metadata=META spec=CLAIM status*}
                resources=RESOURCES affinity* nodeSelector* tolerations* topologySpreadConstraints* labels* annotations*
                securityContext=POD_SECURITY containerSecurityContext=SECURITY runtimeClassName reclaimStorage}
        }
    """,
    "acid.zalan.do/postgresql": """
        spec{
            teamId numberOfInstances postgresql{version parameters*} databases* preparedDatabases* users*
            volume{size storageClass iops throughput subPath} resources=RESOURCES patroni* nodeAffinity* tolerations*
            podAnnotations* podPriorityClassName dockerImage spiloRunAsUser spiloRunAsGroup spiloFSGroup
            spiloPrivileged(false) spiloAllowPrivilegeEscalation(false) restrictedPsaEnabled(true)
            enableMasterLoadBalancer(false) enableReplicaLoadBalancer(false) enableMasterPoolerLoadBalancer(false)
            enableReplicaPoolerLoadBalancer(false) enableConnectionPooler(false) enableReplicaConnectionPooler(false)
            enableShmVolume enableLogicalBackup(false) maintenanceWindows schedulerName
            tls{secretName caSecretName caFile certificateFile privateKeyFile}
        }
    """,
    "middleware.alauda.io/Redis": """
        spec{
            arch version replicas* resources=RESOURCES persistent* persistentSize expose{type(ClusterIP)} passwordSecret
            customConfig* enableTLS pause affinity* affinityPolicy nodeSelector* tolerations* podAnnotations* exporter*
            securityContext=POD_SECURITY
        }
    """,
}

TRAFFIC = {
    "Service": """
        spec{type clusterIP clusterIPs selector* ports{name port targetPort nodePort protocol appProtocol}
             publishNotReadyAddresses sessionAffinity sessionAffinityConfig* externalName externalIPs
             externalTrafficPolicy internalTrafficPolicy trafficDistribution ipFamilies ipFamilyPolicy
             loadBalancerClass loadBalancerIP loadBalancerSourceRanges allocateLoadBalancerNodePorts
             healthCheckNodePort}
    """,
    "networking.k8s.io/Ingress extensions/Ingress": """
        spec{ingressClassName defaultBackend* backend* tls{hosts secretName}
             rules{host http{paths{path pathType
                backend{service{name port{name number}} serviceName servicePort}}}}}
    """,
    "gateway.networking.k8s.io/Gateway": """
        spec{gatewayClassName addresses{type value} infrastructure{annotations* labels*} listeners=LISTENER}
    """,
    "gateway.networking.k8s.io/ListenerSet gateway.networking.x-k8s.io/XListenerSet": """
        spec{parentRef=PARENT listeners=LISTENER}
    """,
    "gateway.networking.k8s.io/HTTPRoute gateway.networking.k8s.io/GRPCRoute": """
        spec{
            hostnames parentRefs=PARENT
            rules{
                name matches* timeouts* retry* sessionPersistence*
                filters{type(RequestRedirect|RequestHeaderModifier|ResponseHeaderModifier|URLRewrite)
                    requestRedirect* requestHeaderModifier* responseHeaderModifier* urlRewrite*}
                backendRefs{group kind name namespace port weight}
            }
        }
    """,
}

CONFIGURATION = {
    "ConfigMap": "data* binaryData* immutable",
    "~Namespace": "spec{finalizers}",
    "ServiceAccount": "automountServiceAccountToken imagePullSecrets{name} secrets{name}",
    "PersistentVolumeClaim": "spec=CLAIM",
    "ResourceQuota LimitRange": "spec*",
    "networking.k8s.io/NetworkPolicy": "spec{podSelector* policyTypes ingress* egress*}",
    "policy/PodDisruptionBudget": "spec{selector* minAvailable maxUnavailable unhealthyPodEvictionPolicy}",
    "autoscaling/HorizontalPodAutoscaler": """
        spec{scaleTargetRef{apiVersion kind name} minReplicas maxReplicas metrics* behavior*
             targetCPUUtilizationPercentage}
    """,
    "autoscaling.k8s.io/VerticalPodAutoscaler": "spec{targetRef{apiVersion kind name} updatePolicy* resourcePolicy*}",
    "~scheduling.k8s.io/PriorityClass": "value globalDefault description preemptionPolicy",
    "~storage.k8s.io/StorageClass": """
        provisioner parameters* reclaimPolicy volumeBindingMode allowVolumeExpansion mountOptions allowedTopologies*
    """,
    "~PersistentVolume": """
        spec{capacity* accessModes claimRef* storageClassName volumeMode mountOptions nodeAffinity*
             persistentVolumeReclaimPolicy volumeAttributesClassName nfs{server path readOnly}
             csi{driver volumeHandle fsType readOnly volumeAttributes* nodeStageSecretRef{name namespace}
                nodePublishSecretRef{name namespace} controllerPublishSecretRef{name namespace}
                nodeExpandSecretRef{name namespace} controllerExpandSecretRef{name namespace}}}
    """,
    "~node.k8s.io/RuntimeClass": "handler overhead* scheduling*",
    "~flowcontrol.apiserver.k8s.io/FlowSchema ~flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration": "spec*",
    "~storage.k8s.io/VolumeAttributesClass": "driverName parameters*",
    "~networking.k8s.io/IngressClass": "spec{controller parameters*}",
    "~gateway.networking.k8s.io/GatewayClass": "spec{controllerName description parametersRef*}",
    "snapshot.storage.k8s.io/VolumeSnapshot": "spec{source* volumeSnapshotClassName}",
    "~snapshot.storage.k8s.io/VolumeSnapshotClass": "driver deletionPolicy parameters*",
    "~admissionregistration.k8s.io/ValidatingAdmissionPolicy": "spec*",
    "~admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": "spec*",
    "~apiextensions.k8s.io/CustomResourceDefinition": """
        spec{group names* scope versions* preserveUnknownFields conversion{strategy(None)}}
    """,
    "cilium.io/CiliumNetworkPolicy ~cilium.io/CiliumClusterwideNetworkPolicy": "spec* specs*",
    "postgresql.cnpg.io/ScheduledBackup": """
        spec{cluster{name} schedule suspend immediate backupOwnerReference target method online onlineConfiguration*
             pluginConfiguration{name parameters*}}
    """,
    "postgresql.cnpg.io/Backup": """
        spec{cluster{name} target method online onlineConfiguration* pluginConfiguration{name parameters*}}
    """,
    "postgresql.cnpg.io/ImageCatalog ~postgresql.cnpg.io/ClusterImageCatalog": "spec{images{major image}}",
    # Without foreign servers and their wrappers, by which the database calls another host or runs a library.
    "postgresql.cnpg.io/Database": """
        spec{cluster{name} name owner ensure databaseReclaimPolicy template encoding locale localeProvider localeCollate
             localeCType icuLocale icuRules builtinLocale collationVersion isTemplate allowConnections connectionLimit
             tablespace schemas{name owner ensure} extensions{name version schema ensure}}
    """,
    "postgresql.cnpg.io/DatabaseRole": """
        spec{cluster{name} name ensure comment login superuser(false) createdb createrole inherit replication bypassrls
             connectionLimit validUntil inRoles passwordSecret{name} disablePassword databaseRoleReclaimPolicy
             clientCertificate{enabled}}
    """,
    "barmancloud.cnpg.io/ObjectStore": """
        spec{retentionPolicy configuration=S3
             instanceSidecarConfiguration{resources=RESOURCES env=ENV retentionPolicyIntervalSeconds logLevel
                additionalContainerArgs}}
    """,
    "cert-manager.io/Certificate": """
        spec{secretName issuerRef{name kind group} commonName dnsNames duration renewBefore renewBeforePercentage
             privateKey* usages subject* isCA revisionHistoryLimit secretTemplate{annotations* labels*}
             encodeUsagesInRequest signatureAlgorithm ipAddresses uris emailAddresses}
    """,
    "cert-manager.io/Issuer ~cert-manager.io/ClusterIssuer": "spec{acme* ca* vault* selfSigned* venafi*}",
    "external-secrets.io/ExternalSecret": "spec=EXTERNAL_SECRET",
    "~external-secrets.io/ClusterExternalSecret": """
        spec{externalSecretSpec=EXTERNAL_SECRET externalSecretName externalSecretMetadata=META namespaceSelector*
             namespaceSelectors* namespaces refreshTime}
    """,
    "external-secrets.io/SecretStore ~external-secrets.io/ClusterSecretStore": """
        spec{controller refreshInterval retrySettings* conditions*
             provider{aws* azurekv* gcpsm* vault* kubernetes* oracle* ibm* akeyless* gitlab* onepassword* doppler*
                bitwardensecretsmanager* infisical* conjur* secretserver* keepersecurity* scaleway* yandexlockbox*
                alibaba* barbican* beyondtrust* delinea* device42* fortanix* passbolt* passworddepot* previder*
                pulumi* senhasegura* chef* onboardbase* cloudrusm*}}
    """,
    "secrets-store.csi.x-k8s.io/SecretProviderClass": "spec{provider parameters* secretObjects*}",
    "networking.gke.io/ManagedCertificate": "spec{domains}",
    "networking.gke.io/FrontendConfig": """
        spec{sslPolicy redirectToHttps{enabled(true) responseCodeName}}
    """,
    "cloud.google.com/BackendConfig": """
        spec{timeoutSec connectionDraining* healthCheck* logging* sessionAffinity* securityPolicy* cdn*}
    """,
    "keda.sh/ScaledObject": """
        spec{scaleTargetRef{apiVersion kind name envSourceContainerName} pollingInterval cooldownPeriod minReplicaCount
             maxReplicaCount idleReplicaCount fallback* advanced* initialCooldownPeriod
             triggers{type name metadata* metricType useCachedMetrics authenticationRef{name kind}}}
    """,
    "keda.sh/TriggerAuthentication": """
        spec{secretTargetRef{parameter name key} podIdentity* env{parameter name containerName}}
    """,
    "monitoring.coreos.com/ServiceMonitor monitoring.coreos.com/PodMonitor": """
        spec{
            selector* namespaceSelector* jobLabel targetLabels podTargetLabels attachMetadata* sampleLimit
            endpoints=SCRAPE podMetricsEndpoints=SCRAPE
        }
    """,
    "monitoring.coreos.com/PrometheusRule": "spec{groups*}",
}
SECRETS = {
    # A token of a ServiceAccount, or to join the cluster, is a right that no role limits in time.
    "Secret": """
        data* stringData* immutable
        type(Opaque|kubernetes.io/tls|kubernetes.io/dockerconfigjson|kubernetes.io/dockercfg|kubernetes.io/basic-auth
            |kubernetes.io/ssh-auth)
    """,
    "bitnami.com/SealedSecret": """
        spec{encryptedData* template{metadata=META immutable data* type(Opaque|kubernetes.io/tls
            |kubernetes.io/dockerconfigjson|kubernetes.io/basic-auth|kubernetes.io/ssh-auth)}}
    """,
}

RIGHTS = {
    "rbac.authorization.k8s.io/Role ~rbac.authorization.k8s.io/ClusterRole": "rules=RULES aggregationRule*",
    "rbac.authorization.k8s.io/RoleBinding ~rbac.authorization.k8s.io/ClusterRoleBinding": """
        roleRef{apiGroup kind name} subjects=SUBJECTS
    """,
}
